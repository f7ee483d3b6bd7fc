//! `demo --check`: the promises, proved one after another through the public API, in one table.

use std::time::{Duration, Instant};

use super::{setup::World, steps::STEPS, table};
use crate::shell::Result;

/// One thing to prove. The sentence that it answers is the proof, and stands in the table.
pub(super) struct Step<W> {
    /// What is done, in a few words.
    pub(super) name: &'static str,
    /// Does it; later steps find in the world what earlier ones made.
    pub(super) prove: fn(&mut W) -> Result<String>,
}

/// Runs every step in order; the first that fails ends the check, because the next ones stand on it.
pub(super) fn run(world: &mut World) -> Result<()> {
    let (rows, failed) = prove(STEPS, world);
    print!("\n{}", table::lay_out(["step", "time", "proved"], &rows));
    match failed {
        None => {
            println!("\nAll {} steps hold.", STEPS.len());
            Ok(())
        }
        Some(name) => Err(format!("`{name}` does not hold; the host's log is {}", world.log().display())),
    }
}

/// The rows of the table, and the step that failed.
fn prove<W>(steps: &[Step<W>], world: &mut W) -> (Vec<[String; 3]>, Option<&'static str>) {
    let mut rows = Vec::new();
    let mut failed = None;
    let mut whole = Duration::ZERO;
    for step in steps {
        eprintln!("… {}", step.name);
        let begun = Instant::now();
        let proof = (step.prove)(world);
        let took = begun.elapsed();
        whole += took;
        let said = match proof {
            Ok(proof) => proof,
            Err(why) => {
                failed = Some(step.name);
                format!("FAILED: {why}")
            }
        };
        rows.push([step.name.to_owned(), table::seconds(took), said]);
        if failed.is_some() {
            break;
        }
    }
    rows.push(["all".to_owned(), table::seconds(whole), String::new()]);
    (rows, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_ends_the_check_and_stands_in_the_table() {
        let steps: [Step<u32>; 3] = [
            Step {
                name: "one",
                prove: |count| {
                    *count += 1;
                    Ok("it is".to_owned())
                },
            },
            Step { name: "two", prove: |_| Err("it is not".to_owned()) },
            Step {
                name: "three",
                prove: |count| {
                    *count += 1;
                    Ok(String::new())
                },
            },
        ];
        let mut count = 0;
        let (rows, failed) = prove(&steps, &mut count);
        assert_eq!((count, failed), (1, Some("two")));
        let said: Vec<&str> = rows.iter().map(|[_, _, said]| said.as_str()).collect();
        assert_eq!(said, ["it is", "FAILED: it is not", ""]);
    }
}
