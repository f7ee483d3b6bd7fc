//! The credentials of the demo, searched for where they must not be.

use patchbay_test_support::canary;

use super::super::setup::World;
use crate::shell::Result;

pub(super) fn search(world: &mut World) -> Result<String> {
    let mut secrets = world.left.keys.clone();
    secrets.push(world.fakes.github.provider.token("owner"));
    secrets.extend(world.fakes.silverfin.provider.secrets());
    secrets.push(world.fakes.silverfin.provider.login().password);
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).filter(|secret| !secret.is_empty()).collect();
    let (data, log) = (world.data(), world.log());
    let files = super::told(canary::files(&[&data, &log]))?.len();
    let hits = super::told(canary::search(&[&data, &log], &secrets))?;
    match hits.first() {
        Some(hit) => Err(format!("{} hits, the first: {hit:?}", hits.len())),
        None => {
            Ok(format!("{} secrets in 6 encodings, {files} files of database, WAL, cache and log: none", secrets.len()))
        }
    }
}
