//! Promise 3: **a write to a provider is never repeated blindly.** An outcome that is not known is called
//! `unknown`, looked up, and shown; never retried into a duplicate.

use std::time::Duration;

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{
    Answer, Result, Trouble,
    fakes::{Act, Rule},
    wait_until,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// A host with GitHub connected, and an item that creates an issue there.
struct Scene {
    rig: Rig,
    tenant: Tenant,
    item: Value,
}

impl Scene {
    fn set() -> Result<Self> {
        let rig = Rig::start()?;
        rig.install_connectors(&["github"])?;
        let tenant = rig.tenant("A")?;
        let connection = tenant.connect_github(&rig)?;
        tenant.settled()?;
        let repository = rig.fakes.github.provider.repositories().into_iter().next();
        let repository = repository.ok_or_else(|| Trouble::new("no repository"))?;
        let item = json!({"connection": connection, "action": "issue", "key": "meeting-7/todo-1",
            "target": {"id": repository}, "payload": {"title": "Send the accounts", "body": "Agreed."}});
        Ok(Self { rig, tenant, item })
    }

    fn on_write(&self, act: Act) {
        self.rig.fakes.github.script.add(Rule::on("POST", "/repos/", act));
    }

    fn push(&self) -> Result<String> {
        self.tenant.api.post("/v1/pushes", &self.item)?.expect(201)?.text_at("/id")
    }

    /// How many objects the provider has of it.
    fn objects(&self) -> usize {
        self.rig.fakes.github.journal.objects().len()
    }

    /// How many writes the provider was asked for.
    fn writes(&self) -> usize {
        self.rig.fakes.github.journal.entries().iter().filter(|entry| entry.method == "POST").count()
    }

    /// Kills the host while its write is held, and starts it again.
    fn kill_while_held(&mut self, held: &str) -> Result<()> {
        assert!(self.rig.fakes.github.script.wait_until_held(held, LIMIT), "the write did not arrive");
        self.rig.host.kill()?;
        // The provider notices that nobody waits; only then the rule may go.
        let script = &self.rig.fakes.github.script;
        wait_until("the held write to be given up", LIMIT, || Ok((script.holding(held) == 0).then_some(())))?;
        script.clear();
        self.rig.host.restart()
    }

    /// The push is done, with the one object that the provider has.
    fn assert_done_once(&self, push: &str) -> Result<()> {
        let done = self.tenant.push_is(push, &["done", "failed", "rejected"])?;
        assert_eq!((&done["state"], self.objects()), (&json!("done"), 1), "{done}");
        assert_eq!(done["object"]["id"].as_str(), Some(self.rig.fakes.github.journal.objects()[0].id.as_str()));
        let again = self.tenant.api.post("/v1/pushes", &self.item)?.expect(200)?;
        assert_eq!(again.text_at("/duplicate_of")?, push);
        assert_eq!(self.objects(), 1);
        Ok(())
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_unknown_until_it_is_found() -> Result<()> {
    let scene = Scene::set()?;
    scene.on_write(Act::LoseAnswer);
    let push = scene.push()?;
    let unknown = scene.tenant.push_is(&push, &["unknown", "done", "failed"])?;
    assert_eq!((&unknown["state"], &unknown["reason"]["code"]), (&json!("unknown"), &json!("PB4004")), "{unknown}");
    let card = scene.tenant.get("/v1/catalog/patchbay.github")?;
    scene.assert_done_once(&push)?;
    assert_eq!(scene.writes(), 1, "it was looked up, not sent again");
    assert_eq!(card.text_at("/status")?, "warning", "while it was unknown the card said so");
    Ok(())
}

#[test]
fn killed_after_the_provider_has_written_it_is_found_and_not_sent_again() -> Result<()> {
    let mut scene = Scene::set()?;
    scene.on_write(Act::Hold { name: "applied".to_owned(), applied: true });
    let push = scene.push()?;
    scene.kill_while_held("applied")?;
    scene.assert_done_once(&push)?;
    assert_eq!(scene.writes(), 1);
    Ok(())
}

#[test]
fn killed_before_the_provider_has_written_it_is_sent_again_once() -> Result<()> {
    let mut scene = Scene::set()?;
    scene.on_write(Act::Hold { name: "not-yet".to_owned(), applied: false });
    let push = scene.push()?;
    scene.kill_while_held("not-yet")?;
    scene.assert_done_once(&push)?;
    assert_eq!(scene.writes(), 2);
    Ok(())
}

#[test]
fn a_write_that_never_arrived_is_sent_again_only_when_two_looks_agree() -> Result<()> {
    let scene = Scene::set()?;
    scene.on_write(Act::Drop);
    let reads = || {
        let entries = scene.rig.fakes.github.journal.entries();
        let after_the_write = entries.iter().skip_while(|entry| entry.method != "POST");
        after_the_write.filter(|entry| entry.method == "GET" && entry.path.ends_with("/issues")).count()
    };
    let push = scene.push()?;
    scene.assert_done_once(&push)?;
    assert_eq!((scene.writes(), reads()), (2, 2));
    Ok(())
}

#[test]
fn a_write_that_the_provider_refused_is_sent_again_and_one_with_a_wrong_item_is_not() -> Result<()> {
    let mut scene = Scene::set()?;
    scene.on_write(Act::too_many("1"));
    let push = scene.push()?;
    scene.assert_done_once(&push)?;
    scene.item["key"] = json!("meeting-7/todo-2");
    scene.on_write(Act::Answer {
        status: 422,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: json!({"message": "Validation Failed", "errors": [{"field": "title", "code": "invalid"}]}).to_string(),
    });
    let push = scene.push()?;
    let rejected = scene.tenant.push_is(&push, &["done", "failed", "rejected"])?;
    assert_eq!(rejected["state"], json!("rejected"), "{rejected}");
    assert_eq!(scene.objects(), 1);
    Ok(())
}

#[test]
fn the_same_key_from_many_callers_at_once_is_one_object() -> Result<()> {
    let scene = Scene::set()?;
    let calls = || -> Result<Vec<Answer>> {
        std::thread::scope(|scope| {
            let call = || scene.tenant.api.post("/v1/pushes", &scene.item);
            let callers: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
            callers.into_iter().map(|caller| caller.join().map_err(|_| Trouble::new("a caller panicked"))?).collect()
        })
    };
    let answers = calls()?;
    let accepted: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(accepted.len(), 1, "{answers:?}");
    let push = accepted[0].text_at("/id")?;
    for duplicate in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((duplicate.status, duplicate.text_at("/duplicate_of")?), (200, push.clone()));
    }
    scene.assert_done_once(&push)?;
    assert_eq!(scene.writes(), 1);

    let mut other = scene.item.clone();
    other["payload"]["body"] = json!("Something else.");
    let refused = scene.tenant.api.post("/v1/pushes", &other)?.expect(409)?;
    assert_eq!((refused.text_at("/code")?, scene.objects()), ("PB4003".to_owned(), 1));
    assert_eq!(scene.tenant.get("/v1/pushes")?.array_at("/items")?.len(), 1);
    Ok(())
}
