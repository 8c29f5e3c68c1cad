use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

/// What `work` gives; where it panics, whichever thread that is on, the first sentence of the first
/// panic, and nothing is printed.
///
/// CUDA's loader panics where `libcuda` is missing, and so does the runtime where a device or its
/// memory is, on threads of its own; the first panic tells the cause.
pub fn attempt<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let first = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&first);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Ok(mut first) = kept.lock() {
            first.get_or_insert_with(|| first_sentence(panic.payload()));
        }
    }));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    let cause = first.lock().ok().and_then(|mut first| first.take());
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(reason)) => Err(cause.unwrap_or(reason)),
        Err(_) => Err(cause.unwrap_or_else(|| "the driver failed".to_owned())),
    }
}

fn first_sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    let line = text.and_then(|text| text.lines().next()).unwrap_or("the driver failed");
    line.split(". ").next().unwrap_or(line).to_owned()
}
