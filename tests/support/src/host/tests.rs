//! A host of five lines of shell: what the harness does around the real one.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A host of five lines: listens on nothing, but says what the real one says.
fn pretender(folder: &Path, script: &str) -> HostSetup {
    let binary = folder.join("pretender");
    fs::write(&binary, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o700)).expect("it may run");
    let folder = folder.join("host");
    let variables = vec![("PATCHBAY_JOBS__WORKERS".to_owned(), "3".to_owned())];
    HostSetup { binary: Some(binary), folder: Some(folder), variables, ..HostSetup::default() }
}

#[test]
fn a_host_is_started_again_on_its_folder_and_port() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo workers $PATCHBAY_JOBS__WORKERS\nmkdir -p data\necho pbo_0123456789 > data/operator.key\n\
        echo 'listening on http://127.0.0.1:4321'\nexec sleep 600";
    let mut setup = pretender(folder.path(), script);
    setup.rewrites = vec![Rewrite {
        origin: "https://api.github.com".to_owned(),
        connect: "http://127.0.0.1:1".to_owned(),
        browser: None,
    }];
    setup.more = "[jobs]\nworkers = 2".to_owned();
    let mut host = HostProcess::start(setup).expect("it starts");
    assert_eq!(
        (host.base().as_str(), host.operator_key().ok().as_deref()),
        ("http://127.0.0.1:4321", Some("pbo_0123456789"))
    );
    let config = || fs::read_to_string(host.config_path()).expect("a file");
    let read: toml::Table = config().parse().expect("TOML");
    assert_eq!(read["listen"].as_str(), Some("127.0.0.1:0"));
    assert_eq!(read["egress"]["rewrite"][0]["origin"].as_str(), Some("https://api.github.com"));
    assert_eq!(read["jobs"]["workers"].as_integer(), Some(2));
    let first = host.pid();
    host.restart().expect("it starts again");
    assert_ne!(host.pid(), first);
    let again = fs::read_to_string(host.config_path()).expect("a file");
    assert!(again.contains("127.0.0.1:4321"), "{again}");
    let status = host.stop().expect("it ends on SIGTERM");
    assert!(!status.success());
    assert_eq!(host.log_tail().matches("workers 3").count(), 2);
}

#[test]
fn a_host_stands_still_until_it_is_told_to_go_on_and_can_be_killed_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut host =
        HostProcess::start(pretender(folder.path(), "echo 'listening on http://127.0.0.1:4321'\nexec sleep 600"))
            .expect("it starts");
    let stat = format!("/proc/{}/stat", host.pid());
    // "123 (sleep) T 1 …"
    let stopped = || fs::read_to_string(&stat).is_ok_and(|text| text.contains(") T "));
    let becomes = |wanted: bool| {
        wait_until("its state", Duration::from_secs(30), || Ok((stopped() == wanted).then_some(()))).expect("in time");
    };
    becomes(false);
    host.suspend().expect("stopped");
    becomes(true);
    host.resume().expect("continued");
    becomes(false);
    host.suspend().expect("stopped again");
    becomes(true);
    host.kill().expect("killed");
    assert!(!host.is_running().expect("known"));
}

#[test]
fn a_host_that_ends_at_once_is_reported_with_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let setup = pretender(folder.path(), "echo 'line 3: unknown key' >&2\nexit 78");
    let trouble = HostProcess::start(setup).err().expect("it does not start").to_string();
    assert!(trouble.contains("ended before") && trouble.contains("unknown key"), "{trouble}");
}

#[test]
fn a_clock_is_moved_by_a_file_and_keeps_its_place_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo clock $(cat $PATCHBAY_TEST_CLOCK) at [$PATCHBAY_TEST_FAILPOINT]\n\
        echo 'listening on http://127.0.0.1:4321'\nexec sleep 600";
    let mut host =
        HostProcess::start(HostSetup { test_clock: true, ..pretender(folder.path(), script) }).expect("it starts");
    host.advance(Duration::from_secs(60)).expect("it is told");
    host.advance(Duration::from_millis(1)).expect("it is told");
    assert_eq!(host.ahead().ok(), Some(Duration::from_millis(60_001)));
    host.restart().expect("it starts again");
    let log = host.log_tail();
    assert!(log.contains("clock 0 at []") && log.contains("clock 60001 at []"), "{log}");
    let plain = HostProcess::start(pretender(folder.path(), script)).expect("it starts");
    assert!(plain.advance(Duration::from_secs(1)).is_err(), "it would wait for nothing");
}

#[test]
fn a_host_is_killed_where_it_stands_still_and_starts_again_without_the_mark() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo 'listening on http://127.0.0.1:4321'\n\
        [ -n \"$PATCHBAY_TEST_FAILPOINT\" ] && echo $PATCHBAY_TEST_FAILPOINT > $PATCHBAY_TEST_FAILPOINT_MARK\nexec sleep 600";
    let failpoint = Some("refresh.stored".to_owned());
    let mut host = HostProcess::start(HostSetup { failpoint, ..pretender(folder.path(), script) }).expect("it starts");
    host.wait_for_mark(Duration::from_secs(20)).expect("it stands there");
    host.kill().expect("it ends");
    host.restart_at(None).expect("it starts again");
    assert!(!host.is_at_mark());
    host.restart_at(Some("refresh.sent")).expect("it starts again");
    host.wait_for_mark(Duration::from_secs(20)).expect("it stands there");
}
