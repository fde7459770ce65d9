/** How the demo speaks: numbered steps, plain facts, and boxes for what a person would receive. */
import { styleText } from 'node:util';

let steps = 0;

export function step(title: string): void {
  steps += 1;
  console.log(`\n${styleText('bold', `${steps}. ${title}`)}`);
}

export function fact(text: string): void {
  console.log(`   ${text}`);
}

export function box(title: string, text: string): void {
  console.log(`   ┌─ ${title}`);
  for (const line of text.trimEnd().split('\n')) console.log(`   │ ${line}`);
  console.log('   └─');
}
