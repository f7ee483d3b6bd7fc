//! What a person reads about a login before it is approved: where everything goes, and what is told.

use super::logins;
use crate::manifest::{Manifest, parse::parse};

fn sentences(manifest: &Manifest) -> Vec<String> {
    manifest.asks().sentences(manifest)
}

fn login(text: &str) -> Manifest {
    parse(&format!("{}{text}", logins::TOP), &|_| None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn every_host_that_gets_something_of_a_login_is_told() {
    let mut checked = 0;
    for (name, text) in logins::ALL {
        let manifest = login(text);
        let told = sentences(&manifest);
        for auth in &manifest.auths {
            for (key, request) in auth.requests() {
                let Some(request) = request else { continue };
                let host = request.url.trim_start_matches("https://").split('/').next().expect("a host");
                let mut hosts: Vec<String> = auth
                    .regions
                    .iter()
                    .map(|region| {
                        let fill = |host: String, (name, value): (&String, &String)| {
                            host.replace(&format!("{{region.{name}}}"), value)
                        };
                        region.values.iter().fold(host.to_owned(), fill)
                    })
                    .collect();
                if hosts.is_empty() {
                    hosts.push(if host == "{server}" {
                        "the customer's own that is entered as Server".to_owned()
                    } else {
                        host.to_owned()
                    });
                }
                for host in hosts {
                    let sent = |one: &&String| {
                        key == "authorize" || one.starts_with("Sends what is entered, codes and tokens")
                    };
                    assert!(
                        told.iter().filter(sent).any(|one| one.contains(&host)),
                        "{name}: {key}: {host}: {told:#?}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn the_hosts_of_a_login_are_said_in_words() {
    for (text, told) in [
        (logins::CALLBACK, "to accounts.zoho.com, accounts.zoho.com.au, accounts.zoho.eu (Log in)"),
        (logins::SESSION, "to {office}.fid-manager.be with what is entered as Office (Access with a session)"),
        (logins::ENTERED, "to the address of the customer's own that is entered as Server (Client)"),
        (logins::REALM, "to oauth.platform.intuit.com, developer.api.intuit.com (Log in)"),
    ] {
        let sentence = format!("Sends what is entered, codes and tokens of the login {told}");
        let sentences = sentences(&login(text));
        assert!(sentences.contains(&sentence), "{sentence:?} is not in {sentences:#?}");
    }
}

#[test]
fn the_hosts_of_a_login_are_had_as_they_are_written() {
    for (text, nth, hosts) in [
        (logins::CALLBACK, 0, &["https://{region.accounts}"][..]),
        (logins::SESSION, 0, &[]),
        (logins::SESSION, 1, &["https://{office}.fid-manager.be"]),
        (logins::ENTERED, 0, &["{server}"]),
        (logins::ADDRESS, 0, &["https://github.com", "https://api.github.com"]),
        (logins::REALM, 0, &["https://oauth.platform.intuit.com", "https://developer.api.intuit.com"]),
        (logins::OPERATORS, 0, &["https://login.service.example", "https://{region.login}"]),
    ] {
        assert_eq!(login(text).auths[nth].login_hosts(), hosts);
    }
}

#[test]
fn every_fact_that_a_connector_is_told_is_told_to_the_approver() {
    for (text, told) in [
        (logins::FIRM, "Is told firm_id of the login: authorized_firm_id from the callback, as [0-9]+ (Log in)"),
        (logins::WORDS, "Is told portal of the login: /hub_id from the token answer, as [0-9]+ (Log in)"),
        (
            logins::UNTICKED,
            r"Is told domain of the login: /hd from the id token, as ([a-z0-9-]+\.)+[a-z]{2,20} (Log in)",
        ),
        (
            logins::CLAIM,
            "Is told consent of the login: /authentication_event_id from the claims of the access token, as \
             [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} (Log in)",
        ),
    ] {
        let sentences = sentences(&login(text));
        assert!(sentences.iter().any(|one| one == told), "{told:?} is not in {sentences:#?}");
    }
    for (name, text) in logins::ALL {
        let manifest = login(text);
        let facts = manifest.auths.iter().map(|auth| auth.facts.len()).sum::<usize>();
        let told = sentences(&manifest).iter().filter(|one| one.starts_with("Is told ")).count();
        assert_eq!(told, facts, "{name}");
    }
}
