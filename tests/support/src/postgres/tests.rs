use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use super::*;
use crate::wait_until;

const HOLD: &str = "PATCHBAY_TEST_HOLDS_A_CLUSTER";
const QUICK: Settings = Settings { durable: false, locale: None };

/// Where there is no PostgreSQL and nobody requires it, these tests are left out.
fn start() -> Option<Cluster> {
    start_with(&QUICK)
}

fn start_with(settings: &Settings) -> Option<Cluster> {
    if find().expect("no wrong folder is named").is_none() && !required() {
        eprintln!("left out: it needs PostgreSQL, which is not on this machine");
        return None;
    }
    Some(Cluster::start_with(settings).expect("a cluster"))
}

fn runs(pid: u32) -> bool {
    // A process that has ended and was not waited for has no folder any more.
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

#[test]
fn a_cluster_answers_on_loopback_and_leaves_nothing_behind() {
    let Some(cluster) = start() else { return };
    let (folder, pid) = (cluster.folder().to_owned(), cluster.pid());
    assert!(cluster.url("one").starts_with("postgres://patchbay@127.0.0.1:"), "{}", cluster.url("one"));
    let settings = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings \
                    WHERE name IN ('listen_addresses', 'max_connections', 'fsync', 'synchronous_commit')";
    assert_eq!(cluster.psql("postgres", settings).expect("settings"), "off 127.0.0.1 200 on");
    assert_eq!(
        cluster.psql("postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").expect("a role"),
        "t"
    );
    assert!(runs(pid) && folder.join("data").is_dir());
    cluster.kill().expect("ended");
    assert!(!runs(pid), "the server still runs");
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn texts_sort_by_bytes_or_as_a_locale_says_and_a_durable_cluster_waits_for_its_disk() {
    let ask = "SELECT 'a' < 'B', current_setting('fsync')";
    let Some(bytes) = start() else { return };
    assert_eq!(bytes.psql("postgres", ask).expect("an answer"), "f|off");
    let english = Settings { locale: Some("en-US".to_owned()), ..Settings::default() };
    let Some(english) = start_with(&english) else { return };
    assert_eq!(english.psql("postgres", ask).expect("an answer"), "t|on");
}

#[test]
fn databases_are_apart_copied_from_a_template_and_removed() {
    let Some(cluster) = start() else { return };
    let server = Server::of(&cluster.url("postgres")).expect("a server");
    let first = server.create_database(None).expect("the first");
    server.psql(&first, "CREATE TABLE kept (number int)").expect("a table");
    server.psql(&first, "INSERT INTO kept VALUES (7)").expect("a row");
    let copy = server.create_database(Some(&first)).expect("a copy");
    let empty = server.create_database(None).expect("an empty one");
    assert_eq!(server.psql(&copy, "SELECT number FROM kept").expect("a row"), "7");
    let wrong = server.psql(&empty, "SELECT number FROM kept").expect_err("no such table");
    assert!(wrong.to_string().contains("\"kept\" does not exist"), "{wrong}");
    server.drop_database(&copy).expect("removed");
    server.drop_database(&copy).expect("it is gone already");
    assert!(server.psql(&copy, "SELECT 1").is_err());
}

#[test]
fn a_restart_and_ended_sessions_lose_nothing_that_was_committed() {
    let Some(mut cluster) = start() else { return };
    let database = cluster.create_database(None).expect("a database");
    cluster.psql(&database, "CREATE TABLE kept AS SELECT 7 AS number").expect("a table");
    let mut session = Command::new(cluster.binaries().program("psql"))
        .args(["-X", "-d", &cluster.url(&database), "-c", "SELECT pg_sleep(600)"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a session");
    let ended = wait_until("a session to end", Duration::from_secs(30), || {
        Ok(Some(cluster.terminate_sessions_of(&database)?).filter(|ended| *ended > 0))
    });
    assert_eq!(ended.expect("ended"), 1);
    assert!(!session.wait().expect("psql").success(), "its session was ended");
    assert_eq!(cluster.terminate_sessions().expect("nobody is there"), 0);

    let (before, url) = (cluster.pid(), cluster.url(&database));
    cluster.restart_immediately().expect("restarted");
    assert_ne!(cluster.pid(), before);
    assert_eq!(cluster.url(&database), url);
    assert!(!runs(before));
    assert_eq!(cluster.psql(&database, "SELECT number FROM kept").expect("a row"), "7");
}

#[test]
fn a_killed_owner_leaves_neither_a_server_nor_a_folder() {
    const NAME: &str = "postgres::tests::a_killed_owner_leaves_neither_a_server_nor_a_folder";
    let Some(cluster) = start() else { return };
    if variable(HOLD).is_some() {
        println!("\nholds {} {}", cluster.pid(), cluster.folder().display());
        // Until it is killed.
        loop {
            std::thread::park();
        }
    }
    let mut owner = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", NAME, "--nocapture"])
        .env(HOLD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("an owner");
    let said = BufReader::new(owner.stdout.take().expect("a pipe"));
    let held = said.lines().map_while(Result::ok).find_map(|line| held(&line));
    let (pid, folder) = held.expect("a cluster");
    assert!(runs(pid) && folder.is_dir());
    owner.kill().expect("killed");
    owner.wait().expect("ended");
    let limit = Duration::from_secs(30);
    wait_until("the server's end", limit, || Ok((!runs(pid)).then_some(()))).expect("the watchdog ends it");
    wait_until("the folder's end", limit, || Ok((!folder.exists()).then_some(()))).expect("and removes its folder");
    assert_eq!(cluster.psql("postgres", "SELECT 1").expect("the other cluster"), "1");
}

fn held(line: &str) -> Option<(u32, PathBuf)> {
    let (pid, folder) = line.strip_prefix("holds ")?.split_once(' ')?;
    Some((pid.parse().ok()?, Path::new(folder).to_owned()))
}

#[test]
fn a_test_without_postgresql_is_left_out_unless_it_is_required() {
    let url = || Some(OsString::from("postgres://patchbay@127.0.0.1:1/postgres"));
    assert_eq!(choose(url(), true).map(OsString::from), url());
    assert_eq!(choose(url(), false).map(OsString::from), url());
    assert_eq!(choose(None, false), None);
    let failed = std::panic::catch_unwind(|| choose(None, true)).expect_err("it has to fail");
    let text = failed.downcast_ref::<String>().expect("a text");
    assert!(text.contains("PATCHBAY_TEST_POSTGRES is not set"), "{text}");
}

#[test]
fn nothing_zero_and_false_require_nothing() {
    for (value, required) in [("", false), ("0", false), ("false", false), ("1", true), ("true", true)] {
        assert_eq!(says_yes(Some(value.into())), required, "{value}");
    }
    assert!(!says_yes(None));
}
