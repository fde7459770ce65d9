/** The package's main file has no types beside it. */
declare module 'asl-validator' {
  /** Sets QueryLanguage in every state of `definition`. */
  const validate: (definition: object) => { readonly errors: readonly object[] };
  export = validate;
}
