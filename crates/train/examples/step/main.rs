//! Measures training steps of a model of roberta-base's shape with random weights:
//!
//! ```text
//! step --device cpu --precision f32 --rows 8 --length 128 --steps 5 [--checkpointing] [--layers 12]
//! step --songs FILE --device cuda --precision bf16 --length 512 --micro 16 --effective 64
//! step parity --device cuda --precision bf16
//! step resumed WHOLE RESUMED [AGAIN] | step table RESULTS
//! ```
//!
//! Prints one line of JSON, but `table`, which sums up what many calls printed. Without a mode it
//! times: songs and tokens a second, the share of the device's peak, bytes of memory in use, after
//! a first pass in which kernels are compiled and tuned. `parity` compares logits and gradients
//! with the CPU's in f32; `resumed` compares a run that was killed and went on with one that was not.

#![expect(clippy::print_stdout, reason = "the result is its output")]

mod call;
mod leftovers;
mod parity;
mod songs;
mod table;
mod timing;

use call::Call;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let call = Call::new(std::env::args().skip(1));
    let result = match call.mode() {
        "time" => timing::measured(&call)?,
        "parity" => parity::compared(&call)?,
        "resumed" => leftovers::resumed(&call)?,
        "table" => {
            print!("{}", table::of_file(call.files()?[0])?);
            return Ok(());
        }
        other => return Err(format!("there is no mode `{other}`").into()),
    };
    println!("{result}");
    Ok(())
}
