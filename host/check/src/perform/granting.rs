//! What the gate says when it refuses a request, as lines of `connector.toml` that can be pasted.
//!
//! The gate knows what was asked and names just that. Beside it stands the manifest here, so that a host comes as a whole table, and a
//! path or a method as the whole list that takes the place of the present one. What an earlier refusal asked for is in the list of a
//! later one: whoever takes the last lines has taken all.

use patchbay_model::manifest::{Host, Manifest};

/// How the gate's lines begin.
const ORIGIN: &str = "origin = \"";
const PATHS: &str = "paths = [… \"";
const METHODS: &str = "methods = [… \"";

/// How it says what to do with them, and how it is said here.
const HAS: &str = "the [[host]] of that origin has to have:";
const INSTEAD: &str = "write in the [[host]] of that origin, in place of its present line:";

/// The text of a refusal, with lines that parse. `hosts` are those of the manifest with what was asked for so far.
pub(super) fn pasted(detail: &str, manifest: &Manifest, hosts: &mut [Host]) -> String {
    let slots = manifest.auths.iter().flat_map(|auth| &auth.slots).filter(|slot| slot.standard);
    let slots: Vec<&str> = slots.map(|slot| slot.id.as_str()).collect();
    whole(detail, hosts, &slots)
}

fn whole(detail: &str, hosts: &mut [Host], slots: &[&str]) -> String {
    let lines: Vec<&str> = detail.split('\n').collect();
    let mut text: Vec<String> = Vec::with_capacity(lines.len() + 4);
    for (index, line) in lines.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| lines.get(before)).copied().unwrap_or_default();
        if line.starts_with(ORIGIN) && before == "[[host]]" {
            text.push((*line).to_owned());
            text.push("paths = [\"/\"] # as narrow as works".to_owned());
            text.push("methods = [\"GET\"]".to_owned());
            if let [slot] = slots {
                text.push(format!("slots = [{slot:?}]"));
            }
            text.push("reason = \"Why it is asked, for the person who approves it.\"".to_owned());
            continue;
        }
        let granted = |begin: &str| line.strip_prefix(begin).and_then(|rest| rest.strip_suffix("\"]"));
        text.push(if let Some(path) = granted(PATHS) {
            list("paths", of(before, hosts).map(|host| &mut host.paths), path)
        } else if let Some(method) = granted(METHODS) {
            list("methods", of(before, hosts).map(|host| &mut host.methods), method)
        } else {
            line.replace(HAS, INSTEAD)
        });
    }
    text.join("\n")
}

/// The host that a refusal speaks of: `GET to ORIGIN/PATH is not granted; …`.
fn of<'a>(refusal: &str, hosts: &'a mut [Host]) -> Option<&'a mut Host> {
    let address = refusal.split_whitespace().find(|word| word.contains("://"))?;
    let path = |host: &Host| {
        address.strip_prefix(host.origin.as_str()).filter(|rest| rest.starts_with('/')).map(str::to_owned)
    };
    let covers = |host: &Host| path(host).is_some_and(|rest| host.paths.iter().any(|prefix| rest.starts_with(prefix)));
    let at = hosts.iter().position(covers).or_else(|| hosts.iter().position(|host| path(host).is_some()))?;
    hosts.get_mut(at)
}

/// The list with one more in it, from now on.
fn list(name: &str, present: Option<&mut Vec<String>>, more: &str) -> String {
    let mut alone = Vec::new();
    let all = present.unwrap_or(&mut alone);
    if !all.iter().any(|one| one == more) {
        all.push(more.to_owned());
    }
    let all: Vec<String> = all.iter().map(|one| format!("{one:?}")).collect();
    format!("{name} = [{}]", all.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host {
            origin: "https://a.example".to_owned(),
            ports: Vec::new(),
            paths: vec!["/v1/".to_owned()],
            methods: vec!["GET".to_owned()],
            slots: Vec::new(),
            reason: "x".to_owned(),
        }
    }

    #[test]
    fn a_host_that_is_not_granted_comes_as_a_whole_table() {
        let refused = "requests to https://b.example are not granted; to allow them, add to connector.toml:\n\
                       [[host]]\norigin = \"https://b.example\"";
        let text = whole(refused, &mut [host()], &["key"]);
        let table = "[[host]]\norigin = \"https://b.example\"\npaths = [\"/\"] # as narrow as works\nmethods = [\"GET\"]\n\
                     slots = [\"key\"]\nreason = \"Why it is asked, for the person who approves it.\"";
        assert!(text.ends_with(table), "{text}");
        assert!(!whole(refused, &mut [host()], &["key", "other"]).contains("slots"));
    }

    #[test]
    fn a_path_or_a_method_comes_as_the_list_that_takes_the_place_of_the_present_one() {
        let path = "https://a.example/v2/x is not granted; to allow it, the [[host]] of that origin has to have:\npaths = [… \"/v2/x\"]";
        let method = "POST to https://a.example/v1/x is not granted; to allow it, the [[host]] of that origin has to have:\nmethods = [… \"POST\"]";
        let text = whole(path, &mut [host()], &[]);
        let instead =
            "write in the [[host]] of that origin, in place of its present line:\npaths = [\"/v1/\", \"/v2/x\"]";
        assert!(text.ends_with(instead), "{text}");
        assert!(whole(method, &mut [host()], &[]).ends_with("\nmethods = [\"GET\", \"POST\"]"));
        assert!(whole(method, &mut [], &[]).ends_with("\nmethods = [\"POST\"]"));
        assert_eq!(whole("the fixture has none", &mut [host()], &[]), "the fixture has none");
    }

    #[test]
    fn what_was_asked_before_is_in_the_list_of_a_later_refusal() {
        let refused = |path: &str| {
            format!(
                "https://a.example{path} is not granted; to allow it, the [[host]] of that origin has to have:\npaths = [… \"{path}\"]"
            )
        };
        let mut hosts = [host()];
        whole(&refused("/v2/x"), &mut hosts, &[]);
        let all = whole(&refused("/v3/y"), &mut hosts, &[]);
        assert!(all.ends_with("\npaths = [\"/v1/\", \"/v2/x\", \"/v3/y\"]"), "{all}");
        assert_eq!(whole(&refused("/v3/y"), &mut hosts, &[]), all, "once is enough");
    }
}
