//! One call for its author: what it cost is its own cost, and what is written is what was asked for.

use patchbay_check::perform::{Ask, PerformError, Provider as Answers, perform};
use patchbay_egress::{EgressConfig, Rewrite};
use patchbay_model::{SeededRandom, Timestamp};
use serde_json::json;

use crate::{
    provider::Provider,
    recordings::wanted,
    setup::{Folder, manifest, stage, stage_of},
};

fn push(action: &str, item: Option<&str>) -> Ask {
    let item = item.map(|action| json!({ "action": action, "payload": { "text": "Bel de klant" } }));
    let item = item.map(|item| serde_json::from_value(item).expect("an item"));
    Ask::Push { action: action.to_owned(), item }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_asks_less_of_the_host_than_the_one_before_is_told_so() {
    let (stage, folder) = (stage().await, Folder::good());
    let ask = Ask::Read { stream: "notes".to_owned(), pages: None };
    let provider = Answers::Recorded { folder: folder.path(), fixture: None };
    let performed = perform(&stage, &ask, &provider).await.expect("it was called");
    let calls: Vec<u32> = performed.calls.iter().map(|cost| cost.host_calls).collect();
    // Behind each page but the last the connector asks whether it is to stop.
    assert!(matches!(calls.as_slice(), [_, second, last] if 0 < *last && last < second), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_of_another_action_is_refused_before_the_provider_is_asked_anything() {
    let (provider, address) = Provider::start(1).await;
    let rewrite = Rewrite { origin: "https://api.offender.example".to_owned(), connect: address, browser: None };
    let egress = EgressConfig { rewrite: vec![rewrite], ..EgressConfig::default() };
    let stage = stage_of(&manifest(|_| {}), egress).await;
    let (wanted, random) = (wanted(), SeededRandom::new(3));
    let live = Answers::Live { wanted: &wanted, now: Timestamp::default(), random: &random };
    let asked = || provider.keys.lock().expect("a lock").len();

    for (ask, names) in [
        (push("note", Some("invoice")), ["note", "invoice"]),
        (push("invoice", Some("note")), ["note", "invoice"]),
        (push("invoice", Some("invoice")), ["invoice", "it has note"]),
        (push("invoice", None), ["invoice", "it has note"]),
    ] {
        let refused = perform(&stage, &ask, &live).await.expect_err("refused");
        let PerformError::Given(why) = &refused else { panic!("{ask:?}: {refused}") };
        assert!(names.iter().all(|name| why.contains(name)), "{ask:?}: {why}");
        assert_eq!(asked(), 0, "{ask:?}");
    }

    let written = perform(&stage, &push("note", Some("note")), &live).await.expect("it was called");
    assert!(written.failure.is_none() && asked() > 0, "{:?}", written.failure);
    assert_eq!(written.answer["outcome"], "created");
}
