//! `cargo xtask demo`: the real binary and the real connectors against fake providers, on this machine only.
//!
//! Everything stands in `target/demo`, made afresh each time. With `--check` the promises are proved
//! through the public API, one step after another, and the exit code says whether all hold.

mod check;
mod children;
mod setup;
mod steps;
pub(crate) mod table;

use std::time::Duration;

use crate::{shell::Result, web};
use setup::World;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Prove the promises, print the table, and end.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if !args.check {
        // What a person looks at; the promises are proved through the API.
        web::build()?;
    }
    let mut world = World::start()?;
    if args.check {
        return check::run(&mut world);
    }
    let prepared = steps::prepare(&mut world)?;
    println!("\n{}", world.welcome(&prepared)?);
    stay_up(&mut world)
}

/// Until ctrl-c (which ends this program from another thread), or until the host ends by itself.
fn stay_up(world: &mut World) -> Result<()> {
    while world.host_runs()? {
        std::thread::sleep(Duration::from_millis(500));
    }
    Err(format!("the host has ended by itself; its log is {}", world.log().display()))
}
