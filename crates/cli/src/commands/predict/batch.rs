//! A folder of files, or a share of one.

use super::{predictor, tell};
use crate::args::PredictArgs;
use crate::console::Console;
use crate::failure::{Refusal, told};
use canto_bundle::Bundle;
use canto_predict::{FileOptions, FolderOptions, FolderPlan, Predictor, Shard, Todo, Why};
use std::path::Path;

/// Scores what is not finished yet. A file that cannot be scored does not keep the others from it;
/// it makes the whole fail in the end.
pub(super) fn score(
    bundle: Bundle,
    args: &PredictArgs,
    (input, output): (&Path, &Path),
    options: &FileOptions,
    console: &Console,
) -> anyhow::Result<()> {
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let options =
        FolderOptions { shard, again: args.again, precision: args.precision, file: options };
    let plan = FolderPlan::new(&bundle, input, output, options)?;
    tell_plan(&plan, shard);
    // Nothing to do needs no weights.
    if plan.todo().is_empty() {
        return Ok(());
    }
    let predictor = predictor(bundle, args)?;
    let mut failed = 0;
    for todo in plan.todo() {
        failed += usize::from(!one(&plan, &predictor, todo, output, console)?);
    }
    if failed == 0 {
        return Ok(());
    }
    let refusal = Refusal::new(format!("{failed} of {} files were not scored", plan.todo().len()));
    Err(refusal
        .hint("mend them or take them away, then run it again: the others are finished")
        .into())
}

/// Whether the file was scored; what stops the others as well is an error.
fn one(
    plan: &FolderPlan,
    predictor: &Predictor,
    todo: &Todo,
    output: &Path,
    console: &Console,
) -> anyhow::Result<bool> {
    match plan.score(predictor, todo, &console.stages()) {
        Ok(Some(summary)) => tell(&summary, &output.join(todo.output())),
        Ok(None) => tracing::warn!("`{}` has no rows to score here", todo.name()),
        Err(error) if error.is_of_input() => {
            let error =
                anyhow::Error::new(error).context(format!("`{}` was not scored", todo.name()));
            tracing::warn!("{}", told(&error));
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

fn tell_plan(plan: &FolderPlan, shard: Shard) {
    let (files, todo, finished) = (plan.files(), plan.todo().len(), plan.finished());
    let whose = if shard == Shard::WHOLE { String::new() } else { format!("shard {shard}: ") };
    match (todo, finished) {
        (0, 0) => tracing::info!("{whose}no file of {files} is its own; there is nothing to do"),
        (0, _) => tracing::info!("{whose}{finished} of {files} files, all finished"),
        (_, 0) => tracing::info!("{whose}{todo} of {files} files to score"),
        _ => tracing::info!("{whose}{todo} of {files} files to score, {finished} finished before"),
    }
    for todo in plan.todo() {
        let name = todo.name();
        match todo.why() {
            Why::New => {}
            Why::InputChanged => tracing::warn!("`{name}` has changed since it was scored: again"),
            Why::OutputChanged => {
                tracing::warn!("the scores of `{name}` are not as they were written: again");
            }
            Why::MadeOtherwise => tracing::warn!("`{name}` was scored otherwise before: again"),
        }
    }
}
