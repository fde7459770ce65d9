"""Parallel states in JSONata.

The emulator ignores Arguments, Output and Assign, lets a branch's variables leak to its neighbours and after it, and
waits for the other branches when one has failed. On AWS a failed branch ends them all.
"""

from mending import edit

MODULE = "ministack.services.stepfunctions"

edit(
    MODULE,
    '''    effective = _apply_input_path(state_def, raw_input, ctx)
    effective = _apply_parameters(state_def, effective, ctx)

    branches = state_def.get("Branches", [])
''',
    '''    is_jsonata = _state_query_language(state_def, ctx) == "JSONata"
    if is_jsonata:
        effective = _apply_jsonata_arguments(state_def, raw_input, ctx)
    else:
        effective = _apply_parameters(state_def, _apply_input_path(state_def, raw_input, ctx), ctx)

    import execution_scope
    scope = execution_scope.Scope()
    first_error = []
    branches = state_def.get("Branches", [])
''',
)
edit(
    MODULE,
    '''            results[idx] = _run_sub_machine(
                branch.get("States", {}),
                branch.get("StartAt"),
                effective, execution, ctx)
        except Exception as exc:
            errors[idx] = exc

    # Each branch''',
    '''            with execution_scope.inside(scope):
                results[idx] = _run_sub_machine(
                    branch.get("States", {}),
                    branch.get("StartAt"),
                    effective, execution, copy.deepcopy(ctx))
        except Exception as exc:
            first_error.append(exc)
            scope.end()

    # Each branch''',
)
edit(
    MODULE,
    '''    for t in threads:
        t.join()

    for err in errors:
        if err is not None:
            raise err if isinstance(err, _ExecutionError) else _ExecutionError(
                "States.BranchFailed", str(err))

''',
    '''    for t in threads:
        t.join()

    if first_error:
        err = first_error[0]
        raise err if isinstance(err, _ExecutionError) else _ExecutionError("States.BranchFailed", str(err))

    if is_jsonata:
        output = _apply_jsonata_output(state_def, raw_input, ctx, result=results, default=results)
        _apply_state_assign(state_def, raw_input, ctx, result=results)
        return output, _next_or_end(state_def)

''',
)
