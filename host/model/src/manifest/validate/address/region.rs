//! Hosts that take a part from a table of regions: each of them is written out, and checked like any other.

use super::Refusal;
use crate::manifest::{REGION, Region};

/// A host in every region.
#[derive(Default)]
pub(super) struct Spread<'a> {
    /// `region.NAME`, as often as it stands there.
    pub(super) names: Vec<&'a str>,
    /// The region's id, and what the host reads there.
    pub(super) hosts: Vec<(String, String)>,
}

/// The names of the region's values in `authority`, and what it reads in each region that has them all.
pub(super) fn spread<'a>(text: &str, authority: &'a str, tables: &[&[Region]]) -> Result<Spread<'a>, Refusal> {
    let mut names = Vec::new();
    let mut rest = authority;
    while let Some((before, from)) = rest.split_once('{') {
        let Some((placed, after)) = from.split_once('}') else { break };
        if let Some(name) = placed.strip_prefix("region.") {
            let first = before.is_empty() && rest.len() == authority.len();
            if !(first || before.ends_with('.')) || !(after.is_empty() || after.starts_with(['.', ':'])) {
                return Err((
                    format!("{text:?} has {{{placed}}} in the middle of a label"),
                    "let it be the host, or what stands between two dots of it".to_owned(),
                ));
            }
            names.push((name, placed));
        }
        rest = after;
    }
    if names.is_empty() {
        return Ok(Spread::default());
    }
    let mut hosts = Vec::new();
    for region in tables.iter().flat_map(|table| *table) {
        let values = names.iter().filter_map(|(name, _)| region.values.get(*name));
        if let Some(value) = values.into_iter().find(|value| !super::is_label(value) && !super::is_host(value)) {
            return Err((
                format!("{text:?} leads nowhere in the region {:?}: {value:?} is no host", region.id),
                "write the host in lower case, or what stands between two dots of it; what is only compared gets a \
                 name of its own"
                    .to_owned(),
            ));
        }
        let mut written = authority.to_owned();
        let has_all = names.iter().all(|(name, _)| {
            region.values.get(*name).is_some_and(|value| {
                written = written.replace(&format!("{{{REGION}.{name}}}"), value);
                true
            })
        });
        if has_all {
            hosts.push((region.id.clone(), written));
        }
    }
    if hosts.is_empty() {
        let asked = names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" and ");
        return Err((
            format!("{text:?} takes {asked} of a region, and no [[auth.region]] has that"),
            format!("write values = {{ {asked} = \"…\" }} in every [[auth.region]]"),
        ));
    }
    Ok(Spread { names: names.into_iter().map(|(_, placed)| placed).collect(), hosts })
}
