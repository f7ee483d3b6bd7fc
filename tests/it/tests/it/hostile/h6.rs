//! H6: a gigabyte of log is 256 KiB and a line that says how much was dropped; nothing of it moves a cursor, begins a line
//! or passes for a line of the host, in the log of the run, in the host's log and at a terminal.

use patchbay_it::patchbay;
use patchbay_test_support::Result;

use super::{Guest, Stand};

/// What the log of one run may add to the host's, which names the run in each line.
const LOG: u64 = 2 * 1024 * 1024;

pub(super) fn deeds(guest: &Guest<'_>) -> Result<()> {
    let rig = &guest.stand.rig;
    for deed in ["flood-log", "flood-log:gigabyte"] {
        let before = std::fs::metadata(rig.host.log_path())?.len();
        let run = guest.reads(deed)?;
        let grown = std::fs::metadata(rig.host.log_path())?.len() - before;
        assert!(grown < LOG, "{deed}: {grown} bytes more in the host's log");
        let id = run["id"].as_str().unwrap_or_default();
        let lines = guest.tenant.get(&format!("/v1/runs/{id}/log"))?.array_at("/items")?;
        assert!((1..=300).contains(&lines.len()), "{deed}: {}", lines.len());
        let neutral = |text: &str| !text.chars().any(|c| c.is_control() || c == '\u{202e}');
        for line in &lines {
            let message = line["message"].as_str().unwrap_or_default();
            assert!(neutral(message), "{line}");
            for (name, value) in line["fields"].as_object().into_iter().flatten() {
                assert!(neutral(name) && neutral(value.as_str().unwrap_or_default()), "{line}");
            }
        }
        assert!(lines.iter().any(|line| line["message"].as_str().unwrap_or_default().contains("\\u{1b}[2J")));
    }
    let log = String::from_utf8_lossy(&std::fs::read(rig.host.log_path())?).into_owned();
    assert!(log.contains("dropped ") && log.contains("lines: the run's log is full"), "the host says what it dropped");
    let forged = log.lines().find(|line| line.trim_start().starts_with("ERROR forged"));
    assert_eq!(forged, None, "a line of a guest passes for one of the host");
    assert!(!log.contains("\u{1b}[2J") && !log.contains('\u{7}') && !log.contains('\u{202e}'));
    Ok(())
}

/// What a guest calls things, at the operator's terminal.
fn at_a_terminal(guest: &Guest<'_>) -> Result<()> {
    let rig = &guest.stand.rig;
    assert_eq!(guest.reads("fail:escapes")?["state"], serde_json::json!("failed"));
    let key = rig.host.data_dir().join("operator.key");
    let (host, key) = (rig.host.base(), key.to_string_lossy().into_owned());
    let said = patchbay(rig.host.folder(), &["connectors", "--host", &host, "--key-file", &key, "list"])?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(text.contains(&guest.connector) && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    let log = String::from_utf8_lossy(&std::fs::read(rig.host.log_path())?).into_owned();
    assert!(!log.contains("\u{1b}[2J"), "an error of a guest");
    Ok(())
}

#[test]
fn a_gigabyte_of_log_is_a_few_lines_and_none_of_them_is_more_than_text() -> Result<()> {
    Stand::start()?
        .beside(|stand| {
            let guest = stand.guest("h6")?;
            deeds(&guest)?;
            at_a_terminal(&guest)
        })
        .map(drop)
}
