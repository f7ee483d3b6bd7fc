//! What is secret stays sealed: no fact that may be a token, and no slot without a secret.

use super::logins::{CLAIM, NESTED, ORIGIN, RENEWED, SESSION, UNTICKED, WORDS, read};

fn problem(good: &str, from: &str, to: &str, key: &str) -> crate::manifest::Problem {
    assert!(good.contains(from), "{from:?} is not in the manifest");
    let problems = read(&good.replacen(from, to, 1)).expect_err(to);
    problems.iter().find(|one| one.key == key).unwrap_or_else(|| panic!("{to}: {problems:#?}")).clone()
}

#[test]
fn a_fact_whose_pattern_would_take_a_token_is_refused() {
    const UUID: &str = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    for (good, from, to) in [
        (WORDS, "pattern = \"[0-9]+\"", "pattern = \".*\""),
        (WORDS, "pattern = \"[0-9]+\"", "pattern = \"[0-9a-f-]+\""),
        (CLAIM, UUID, "[0-9a-f]{40}"),
        (NESTED, "T[A-Z0-9]{2,20}", "T[A-Z0-9]+"),
        (NESTED, "T[A-Z0-9]{2,20}", "[A-Za-z0-9_-]{43}"),
        (UNTICKED, r"([a-z0-9-]+\.)+[a-z]{2,20}", "[a-z0-9.-]+"),
    ] {
        let problem = problem(good, from, to, "auth[0].fact[0].pattern");
        assert!(problem.message.contains("token") && problem.remedy.contains(UUID), "{problem}");
    }
}

#[test]
fn a_pattern_that_is_too_large_for_a_login_is_refused_when_it_is_written() {
    let problem = problem(WORDS, "pattern = \"[0-9]+\"", "pattern = \"(?:a{1000}){100}\"", "auth[0].fact[0].pattern");
    assert!(problem.message.contains("1000 are the most"), "{problem}");
}

#[test]
fn a_fact_that_is_called_like_a_secret_is_refused() {
    for to in
        ["answer:/refresh", "answer:/data/apiKey", "answer:/tokens/0", "id_token:/session_state", "callback:auth_code"]
    {
        let problem = problem(WORDS, "answer:/hub_id", to, "auth[0].fact[0].from");
        assert!(problem.message.contains("secret"), "{problem}");
    }
}

#[test]
fn a_slot_without_a_secret_is_refused() {
    for (good, from, to, key) in [
        (ORIGIN, "value = \"bearer {key}\"", "value = \"bearer {text}\"", "auth[1].slot[0].value"),
        (SESSION, "value = \"{user}:{password}\"", "value = \"{user}:{user}\"", "auth[0].slot[0].value"),
        (SESSION, "value = \"Bearer {access_token}\"", "value = \"Bearer {user}\"", "auth[1].slot[0].value"),
        // It is not filled along with a secret any more, so a request could name it as the credential itself.
        (ORIGIN, "with = [\"rpc_login\", \"rpc_database\"]", "with = [\"rpc_login\"]", "auth[0].slot[2].value"),
        (
            ORIGIN,
            "place = \"json\"\nname = \"/params/args/2\"\nvalue = \"{key}\"",
            "place = \"json\"\nname = \"/params/args/2\"\nvalue = \"{login}\"",
            "auth[0].slot[0].value",
        ),
    ] {
        let text = "[[auth.field]]\nid = \"text\"\nlabel = \"T\"\ntype = \"text\"\n\n[[auth.slot]]\nid = \"bearer\"";
        let good = good.replacen("[[auth.slot]]\nid = \"bearer\"", text, 1);
        let problem = problem(&good, from, to, key);
        assert!(problem.message.contains("nothing secret"), "{problem}");
        assert!(problem.remedy.contains("type = \"secret\"") && problem.remedy.contains("with"), "{problem}");
    }
    let plain = SESSION.replacen("type = \"secret\"", "type = \"text\"", 1);
    let problems = read(&plain).expect_err("a password as text");
    assert!(problems.iter().any(|one| one.key == "auth[0].slot[0].value"), "{problems:?}");
}

#[test]
fn what_goes_along_with_a_secret_may_be_plain() {
    for (good, from, to) in [
        // A constant is signed with a secret.
        (RENEWED, "value = \"{access_token}\"\nsignature", "value = \"{access_token}\"\nsignature"),
        // By way of another slot.
        (ORIGIN, "with = [\"rpc_login\", \"rpc_database\"]", "with = [\"rpc_login\"]"),
    ] {
        let chained = good.replacen(from, to, 1).replacen(
            "value = \"{login}\"\n",
            "value = \"{login}\"\nwith = [\"rpc_database\"]\n",
            1,
        );
        if let Err(problems) = read(&chained) {
            panic!("{problems:#?}");
        }
    }
}
