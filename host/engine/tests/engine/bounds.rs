//! What a call comes to: the contract's bounds on answers, the connector's own errors, and the ways a run ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use patchbay_engine::Steps;
use patchbay_model::{
    Budget, Failure,
    contract::{ConnectorError, Context, Position, PushOutcome},
};

use crate::setup::{Run, item, request, sandbox, settings};

#[tokio::test]
async fn an_answer_beyond_the_contract_is_refused_by_its_bound() {
    let sandbox = sandbox().await;
    for (stream, bound) in [
        ("huge-page", "bytes of a page: 9437184 of at most 8388608"),
        ("bad-count", "records of a page: 1001 of at most 1000"),
        ("long-cursor", "bytes of a cursor: 65537 of at most 65536"),
        ("many-deletions", "deletions of a page: 1001 of at most 1000"),
    ] {
        let failure = sandbox.read(&Run::new(), stream).await.expect_err("a failure");
        assert!(matches!(&failure, Failure::ContractBroken(text) if text == bound), "{stream}: {failure:?}");
    }
    for (choice, bound) in
        [("many-accounts", "accounts of an identity: 10001 of at most 10000"), ("no-id", "the identity has no id")]
    {
        let failure = sandbox.open(&Run::new()).await.identify(&settings(choice)).await.expect_err("a failure");
        assert!(matches!(&failure, Failure::ContractBroken(text) if text == bound), "{choice}: {failure:?}");
    }
}

#[tokio::test]
async fn a_connectors_own_error_leaves_its_instance_alive() {
    let sandbox = sandbox().await;
    let mut instance = sandbox.open(&Run::new()).await;
    let ctx = Context::default();
    let failed = instance.read(&ctx, &request("fail:transient")).await.expect_err("a failure");
    let Failure::Connector(ConnectorError::Transient(info)) = failed else { panic!("{failed:?}") };
    assert_eq!((info.retry_after, info.http_status), (Some(Duration::from_millis(1_500)), Some(503)));
    let long = instance.read(&ctx, &request("fail:long")).await.expect_err("a failure");
    assert!(long.person().len() <= 4 * 1024 + 3, "{}", long.person().len());
    assert!(instance.read(&ctx, &request("page:1")).await.is_ok());
}

#[tokio::test]
async fn an_instance_remembers_its_run_and_a_fresh_one_knows_nothing() {
    let sandbox = sandbox().await;
    let mut first = sandbox.open(&Run::new()).await;
    let ctx = Context::default();
    for calls in ["[{\"calls\":1}]", "[{\"calls\":2}]"] {
        let page = first.read(&ctx, &request("remember")).await.expect("a page");
        assert_eq!(String::from_utf8_lossy(&page.records), calls);
    }
    let page = sandbox.read(&Run::new(), "remember").await.expect("a page");
    assert_eq!(String::from_utf8_lossy(&page.records), "[{\"calls\":1}]");
}

#[tokio::test]
async fn what_is_said_arrives_on_both_sides() {
    let sandbox = sandbox().await;
    let mut instance = sandbox.open(&Run::new()).await;
    let ctx = Context {
        auth: "token".to_owned(),
        facts: vec![("firm_id".to_owned(), "1017".to_owned())],
        ..Context::default()
    };
    let identity = instance.identify(&ctx).await.expect("an identity");
    assert_eq!((identity.id.as_str(), identity.accounts.len()), ("business-1", 2));
    assert_eq!((identity.facts, identity.scopes), (ctx.facts.clone(), None));
    let page = instance.read(&ctx, &request("echo-facts")).await.expect("a page");
    assert_eq!(String::from_utf8_lossy(&page.records), r#"[{"facts":["firm_id=1017"],"auth":"token"}]"#);
    let mut on = request("page:2:100");
    on.cursor = Some(b"41".to_vec());
    let page = instance.read(&ctx, &on).await.expect("a page");
    assert_eq!((page.count, page.position), (2, Position::More(b"42".to_vec())));
    let found = instance.find(&ctx, &item("x"), "note", 12).await.expect("an answer");
    assert_eq!(found.expect("an object").id, "12");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_may_return_what_it_has() {
    let sandbox = sandbox().await;
    let run = Run::new();
    let stop = async {
        run.log.progressed.notified().await;
        run.stop.send_replace(true);
    };
    let (page, ()) = tokio::join!(sandbox.read(&run, "wait-for-stop"), stop);
    assert_eq!(String::from_utf8_lossy(&page.expect("a page").records), "[{\"stopped\":true}]");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_stopped_and_does_not_listen_is_cancelled() {
    let sandbox = sandbox().await;
    let run = Run::new();
    run.stop.send_replace(true);
    let failure = sandbox.read(&run, "loop").await.expect_err("a failure");
    assert!(matches!(failure, Failure::Cancelled), "{failure:?}");
    sandbox.assert_serves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_the_runs_end_cut_short_is_more_later_and_no_failure() {
    let sandbox = sandbox().await;
    let run = Run { lasts: Duration::from_millis(300), ..Run::new() };
    let failure = sandbox.read(&run, "loop").await.expect_err("a failure");
    assert!(matches!(failure, Failure::BudgetSpent(Budget::Time)), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_takes_the_guest_with_it() {
    let sandbox = sandbox().await;
    let mut instance = sandbox.open(&Run::new()).await;
    let ctx = Context::default();
    let looping = request("loop");
    let left = tokio::time::timeout(Duration::from_millis(50), instance.read(&ctx, &looping)).await;
    assert!(left.is_err());
    assert!(!instance.is_live());
    sandbox.assert_serves().await;
}

#[derive(Default)]
struct Noted(Mutex<Vec<String>>);

#[async_trait]
impl Steps for Noted {
    async fn refused(&self, step: &str) {
        self.0.lock().expect("a lock").push(step.to_owned());
    }

    fn key(&self, step: &str) -> String {
        format!("key-of-{step}")
    }
}

#[tokio::test]
async fn a_push_asks_for_its_steps_key_and_says_which_step_was_refused() {
    let sandbox = sandbox().await;
    let noted = Arc::new(Noted::default());
    let run = Run { steps: noted.clone(), ..Run::new() };
    let mut instance = sandbox.open(&run).await;
    let outcome = instance.push(&Context::default(), &item("refused")).await.expect("an outcome");
    assert!(matches!(&outcome, PushOutcome::Exists(object) if object.id == "key-of-note"), "{outcome:?}");
    // A name that no journal could hold is not passed on.
    assert_eq!(*noted.0.lock().expect("a lock"), ["note"]);
}
