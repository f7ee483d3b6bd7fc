//! What `demo --check` proves, in order.

use super::{check::Step, setup::World};
use crate::shell::Result;

/// Every step. A later one may use what an earlier one left in the world.
pub(super) const STEPS: &[Step<World>] =
    &[Step { name: "the host is up", prove: up }, Step { name: "the host comes back after a kill", prove: killed }];

fn up(world: &mut World) -> Result<String> {
    ready(world)?;
    Ok(format!("it is ready; {} connectors are packaged", world.built.connectors.len()))
}

fn killed(world: &mut World) -> Result<String> {
    world.kill_host()?;
    world.start_host_again()?;
    ready(world)?;
    Ok(format!("SIGKILL, started again on {}", world.data().display()))
}

fn ready(world: &World) -> Result<()> {
    let api = world.operator()?;
    let answer = api.get("/readyz").and_then(|answer| answer.expect(200));
    answer.map(drop).map_err(|error| error.to_string())
}
