//! What a guest finds when it looks around: nothing but its run's scope.

use std::collections::BTreeMap;

use patchbay_egress::{EgressConfig, Grant, Rewrite};
use patchbay_model::{Failure, manifest::Host};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::setup::{Run, sandbox};

#[tokio::test]
async fn wasi_is_there_and_there_is_nothing_in_it() {
    let sandbox = sandbox().await;
    let page = sandbox.read(&Run::new(), "report").await.expect("a page");
    let records: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&page.records).expect("a record");
    let seen = &records[0];
    for nothing in ["root", "file", "address", "listener", "datagram", "name"] {
        assert_eq!(seen[nothing], Value::Bool(false), "{nothing}");
    }
    assert_eq!((&seen["variables"], &seen["arguments"]), (&Value::from(0), &Value::from(0)));
    // The clock to probe with stands still; the run's is the host's.
    assert_eq!(seen["elapsed"], Value::from(0));
    assert_eq!(seen["now"], Value::from(1_795_000_000_000_u64));
    assert_eq!(seen["random"], Value::from(1_024));
    assert_eq!(seen["key"], Value::from(""));
}

#[tokio::test]
async fn an_address_without_a_grant_ends_the_run_even_when_the_guest_swallows_the_refusal() {
    let sandbox = sandbox().await;
    for choice in ["send:https://elsewhere.example/x", "swallow:https://elsewhere.example/x"] {
        let failure = sandbox.read(&Run::new(), choice).await.expect_err("a failure");
        assert!(matches!(&failure, Failure::Denied(text) if text.contains("elsewhere.example")), "{failure:?}");
    }
}

#[tokio::test]
async fn a_write_outside_a_push_is_refused() {
    let sandbox = sandbox().await;
    let run = Run { grant: granted(&["GET", "POST"]), ..Run::new() };
    let failure = sandbox.read(&run, "write-outside-push:https://api.example/x").await.expect_err("a failure");
    assert!(matches!(&failure, Failure::Denied(_)), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_never_answers_costs_one_call_and_no_more() {
    let sandbox = sandbox().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let held = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.readable().await.expect("a request");
        // Held open without an answer until the other side leaves.
        std::future::pending::<()>().await;
        drop(socket);
    });
    let rewrite = Rewrite {
        origin: "https://api.example".to_owned(),
        connect: format!("http://127.0.0.1:{port}"),
        browser: None,
    };
    let run = Run {
        gate: EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() },
        grant: granted(&["GET"]),
        ..Run::of_at_most(std::time::Duration::from_millis(500))
    };
    let failure = sandbox.read(&run, "send:https://api.example/x").await.expect_err("a failure");
    assert!(matches!(failure, Failure::CallTimeout), "{failure:?}");
    held.abort();
    sandbox.assert_serves().await;
}

fn granted(methods: &[&str]) -> Grant {
    let host = Host {
        origin: "https://api.example".to_owned(),
        ports: Vec::new(),
        paths: vec!["/".to_owned()],
        methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        slots: Vec::new(),
        reason: "the test".to_owned(),
    };
    Grant { tenant: "ten_a".to_owned(), connector: "test.guests".to_owned(), hosts: vec![host], ..Grant::default() }
}
