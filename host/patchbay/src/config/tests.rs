use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::*;

fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::read(Some(file), Path::new("/etc/patchbay"), &variables)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn nothing_written_is_a_host_on_loopback_with_one_folder() {
    let config = Config::read(None, Path::new(""), &BTreeMap::new()).expect("the defaults");
    assert_eq!(config.listen.to_string(), "127.0.0.1:7878");
    assert_eq!(config.database.file(), Some(Path::new("patchbay-data/patchbay.db")));
    assert_eq!(config.key, Key::File(PathBuf::from("patchbay-data/patchbay.key")));
    assert!(config.egress.allowed_ports.is_empty());
    assert!(config.egress.rewrite.is_empty() && config.egress.allow_private.is_empty());
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let mut file = String::new();
    for key in keys::KEYS.iter().filter(|key| !key.name.contains("[]")) {
        let plain = key.default.parse::<u64>().is_ok() || key.default.starts_with('[') || key.default == "true";
        let text = if plain { key.default.to_owned() } else { format!("{:?}", key.default) };
        if !key.default.contains([' ', '{']) && key.default != "none" {
            file.push_str(&format!("{} = {text}\n", key.name));
        }
    }
    let written = Config::read(Some(&file), Path::new(""), &BTreeMap::new()).expect("the reference");
    assert_eq!(written, Config::read(None, Path::new(""), &BTreeMap::new()).expect("the defaults"));
}

#[test]
fn a_variable_wins_over_the_file() {
    let config = read("[jobs]\nworkers = 3\n", &[("PATCHBAY_JOBS__WORKERS", "5")]).expect("both are right");
    assert_eq!(config.jobs.workers, 5);
}

#[test]
fn a_path_of_the_file_starts_from_its_folder_and_one_of_a_variable_does_not() {
    let config = read("data_dir = \"data\"\n", &[("PATCHBAY_KEY__FILE", "here.key")]).expect("paths");
    assert_eq!(config.database.file(), Some(Path::new("/etc/patchbay/data/patchbay.db")));
    assert_eq!(config.key, Key::File(PathBuf::from("here.key")));
}

#[test]
fn rewrites_are_read_from_the_file_and_from_a_variable() {
    let wanted = Rewrite {
        origin: "https://api.example.com".to_owned(),
        connect: "http://127.0.0.1:4000".to_owned(),
        browser: None,
    };
    let file = "[[egress.rewrite]]\norigin = \"https://api.example.com/\"\nconnect = \"http://127.0.0.1:4000\"\n";
    assert_eq!(read(file, &[]).expect("a rewrite").egress.rewrite, std::slice::from_ref(&wanted));
    let variable = r#"[{origin = "https://api.example.com", connect = "http://127.0.0.1:4000"}]"#;
    assert_eq!(read("", &[("PATCHBAY_EGRESS__REWRITE", variable)]).expect("a rewrite").egress.rewrite, [wanted]);
    let every = "[[egress.rewrite]]\norigin = \"*\"\nconnect = \"http://127.0.0.1:4000\"\n";
    assert_eq!(read(every, &[]).expect("a rewrite").egress.rewrite[0].origin, "*");
    let elsewhere = "[[egress.rewrite]]\norigin = \"https://a.example\"\nconnect = \"*\"\n";
    assert!(read(elsewhere, &[]).is_err(), "a place is one place");
    assert_eq!(
        read("[[egress.rewrite]]\norigin = \"https://a.example\"\n", &[]).expect_err("half a rewrite"),
        ["line 2: this entry of `egress.rewrite` needs `connect`"]
    );
}

#[test]
fn a_list_in_a_variable_may_be_separated_by_commas() {
    let variables = [
        ("PATCHBAY_EGRESS__ALLOW_PRIVATE", "127.0.0.1:80, 10.0.0.0/8"),
        ("PATCHBAY_EGRESS__ALLOWED_PORTS", "443,8443"),
    ];
    let config = read("", &variables).expect("lists");
    assert_eq!(config.egress.allow_private, ["127.0.0.1:80", "10.0.0.0/8"]);
    assert_eq!(config.egress.allowed_ports, [443, 8443]);
}

#[test]
fn every_complaint_is_made_at_once() {
    let file = "listen = \"here\"\npublic_url = \"https://a.example/path\"\n[jobs]\nworkers = 0\n[egress]\nallow_private = [\"10.0.0.0/33\"]\n";
    assert_eq!(
        read(file, &[("PATCHBAY_CONNECTORS__WATCH", "maybe"), ("PATCHBAY_LOG__FORMAT", "xml")]).expect_err("all wrong"),
        [
            "line 1: `listen` has to be IP:PORT, e.g. 127.0.0.1:7878 or [::1]:7878",
            "line 2: `public_url` has to be scheme, host and port only, without a path, a query or a user",
            "variable PATCHBAY_CONNECTORS__WATCH: `connectors.watch` has to be true or false",
            "line 6: `egress.allow_private` takes 127.0.0.1:8080, 10.0.0.1 or 10.0.0.0/8; `10.0.0.0/33` is none",
            "line 4: `jobs.workers` has to be a whole number from 1 to 1024",
            "variable PATCHBAY_LOG__FORMAT: `log.format` has to be one of text, json",
        ]
    );
}

#[test]
fn http_is_taken_for_loopback_only() {
    assert!(read("public_url = \"http://localhost:7878\"", &[]).is_ok());
    assert!(read("public_url = \"http://[::1]:7878\"", &[]).is_ok());
    assert!(read("public_url = \"https://hub.example.com\"", &[]).is_ok());
    let refused = read("public_url = \"http://hub.example.com\"", &[]).expect_err("plain http to the world");
    assert!(refused.iter().all(|text| text.contains("has to be https")), "{refused:?}");
}

#[test]
fn times_have_the_units_of_their_names() {
    let config = read("[limits]\nrun_minutes = 2\n[jobs]\npoll_millis = 50\n", &[]).expect("times");
    assert_eq!(config.limits.run, Duration::from_secs(120));
    assert_eq!(config.jobs.poll, Duration::from_millis(50));
    let budgets = read("[limits]\nrun_pages = 5\nrun_records = 6\nrun_mebibytes = 7\n", &[]).expect("budgets").limits;
    assert_eq!((budgets.run_pages, budgets.run_records, budgets.run_bytes), (5, 6, 7 << 20));
}

#[test]
fn the_key_comes_from_each_source_that_was_named() {
    let key = |file: &str, variables: &[(&str, &str)]| read(file, variables).expect("one source").key;
    assert_eq!(key("[key]\nfile = \"k\"", &[]), Key::File(PathBuf::from("/etc/patchbay/k")));
    assert_eq!(key("[key]\nenv = \"SEAL\"", &[]), Key::Environment("SEAL".to_owned()));
    assert_eq!(key("[key]\ncredential = \"seal\"", &[]), Key::Credential("seal".to_owned()));
    let words = |words: &[&str]| Key::Command(words.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(key("[key]\ncommand = [\"pass\", \"a, b\"]", &[]), words(&["pass", "a, b"]));
    assert_eq!(key("[key]\ncommand = [\"./pass\"]", &[]), words(&["/etc/patchbay/./pass"]));
    assert_eq!(key("", &[("PATCHBAY_KEY__COMMAND", "[\"./pass\", \"-n\"]")]), words(&["./pass", "-n"]));
}

#[test]
fn two_sources_of_the_key_are_refused_wherever_they_were_written() {
    assert_eq!(
        read("[key]\nfile = \"k\"\nenv = \"SEAL\"", &[]).expect_err("two"),
        ["line 2: `key.file` and `key.env` are both set; the key has one source, so keep one"]
    );
    assert_eq!(
        read("[key]\nfile = \"k\"", &[("PATCHBAY_KEY__CREDENTIAL", "seal")]).expect_err("two"),
        ["line 2: `key.file` and `key.credential` are both set; the key has one source, so keep one"]
    );
}

#[test]
fn a_source_of_the_key_that_cannot_be_is_refused() {
    for (text, told) in [
        ("env = \"SEAL=00\"", "has to be the name of a variable"),
        ("command = []", "the program and its arguments"),
        ("command = [\"\", \"a\"]", "the program and its arguments"),
        ("command = \"pass show key\"", "has to be a list"),
        ("credential = \"../seal\"", "without a path"),
        ("credential = \"..\"", "without a path"),
    ] {
        let told_of = read(&format!("[key]\n{text}"), &[]).expect_err(text);
        assert!(told_of.iter().any(|problem| problem.contains(told)), "{text}: {told_of:?}");
    }
}

#[test]
fn the_variable_that_holds_the_key_is_no_key_of_the_configuration() {
    let secret = ("PATCHBAY_SEALING", "patchbay-key 1");
    assert!(read("[key]\nenv = \"PATCHBAY_SEALING\"", &[secret]).is_ok());
    assert!(read("", &[secret, ("PATCHBAY_KEY__ENV", "PATCHBAY_SEALING")]).is_ok());
    let refused = read("", &[secret]).expect_err("unknown");
    assert!(refused.iter().all(|text| !text.contains("patchbay-key 1")), "{refused:?}");
}

#[test]
fn a_refresh_has_to_end_before_its_lease_does() {
    assert!(read("[refresh]\nlease_seconds = 26", &[]).is_ok());
    assert_eq!(
        read("[refresh]\nlease_seconds = 25", &[]).expect_err("too close"),
        ["line 2: `refresh.exchange_seconds` has to be at least 6 seconds less than `refresh.lease_seconds`"]
    );
    let both = read("[refresh]\nlease_seconds = 60\nexchange_seconds = 55", &[]).expect_err("too close");
    assert!(both.iter().all(|text| text.starts_with("line 3: ")), "{both:?}");
    let pauses =
        read("[refresh]\ncool_down_seconds = 60\nlongest_cool_down_seconds = 30", &[]).expect_err("upside down");
    assert_eq!(pauses.len(), 1, "{pauses:?}");
    let idle = read("[refresh]\nidle_hours = 12\n[connect]\nsession_minutes = 5", &[]).expect("times");
    assert_eq!((idle.refresh.idle, idle.connect.session), (Duration::from_secs(43_200), Duration::from_secs(300)));
}
