//! What the API says about pushes, and what can be said to it: on demand, taken back, tried without being sent, in a
//! batch, switched off and on.

use patchbay_it::{Rig, Tenant};
use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

struct Scene {
    rig: Rig,
    tenant: Tenant,
    token: String,
    connection: String,
}

impl Scene {
    fn set() -> Result<Self> {
        let rig = Rig::start()?;
        rig.install_connectors(&["github"])?;
        let tenant = rig.tenant("A")?;
        let token = rig.fakes.github.provider.token("owner");
        let fields = json!({"connector": "patchbay.github", "fields": {"token": token}});
        let connection = tenant.api.post("/v1/connections", &fields)?.expect(201)?.text_at("/id")?;
        Ok(Self { rig, tenant, token, connection })
    }

    fn item(&self, key: &str) -> Result<Value> {
        let repository = self.rig.fakes.github.provider.repositories().into_iter().next();
        let repository = repository.ok_or_else(|| Trouble::new("no repository"))?;
        Ok(json!({"connector": "patchbay.github", "action": "issue", "key": key, "source": "meeting-1",
            "target": {"id": repository}, "payload": {"title": "Send the accounts"}}))
    }

    fn on_demand(&self, key: &str) -> Result<String> {
        let mut item = self.item(key)?;
        item["send"] = json!("on_demand");
        let accepted = self.tenant.api.post("/v1/pushes", &item)?.expect(201)?;
        let told = (&accepted.json["state"], &accepted.json["reason"]["code"], &accepted.json["change"]);
        assert_eq!(told, (&json!("waiting"), &json!("PB4014"), &json!("created")), "{}", accepted.text());
        accepted.text_at("/id")
    }

    fn said(&self, push: &str, verb: &str, body: &Value) -> Result<(u16, Value)> {
        let answer = self.tenant.api.post(&format!("/v1/pushes/{push}/{verb}"), body)?;
        Ok((answer.status, answer.json))
    }

    fn written(&self) -> usize {
        self.rig.fakes.github.journal.objects().len()
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().into_iter().flatten().filter_map(|push| push["id"].as_str()).collect()
}

#[test]
fn an_item_on_demand_is_ready_until_somebody_says_so_and_then_tells_how_it_was_written() -> Result<()> {
    let scene = Scene::set()?;
    let push = scene.on_demand("later")?;
    assert_eq!(ids(&scene.tenant.get("/v1/pushes?ready=true&source=meeting-1")?.json), [push.as_str()]);
    assert!(ids(&scene.tenant.get("/v1/pushes?ready=false")?.json).is_empty());
    assert_eq!(scene.written(), 0);

    let (status, sent) = scene.said(&push, "send", &json!({}))?;
    assert_eq!((status, &sent["send"]), (200, &json!("automatically")), "{sent}");
    let done = scene.tenant.push_is(&push, &["done", "failed", "rejected"])?;
    assert_eq!((&done["state"], &done["revision"]), (&json!("done"), &json!(1)), "{done}");
    let step = &done["steps"][0];
    assert_eq!((&step["state"], &step["status"], &step["revision"]), (&json!("answered"), &json!(201), &json!(1)));
    let history = done["history"].as_array().cloned().unwrap_or_default();
    let states: Vec<&str> = history.iter().filter_map(|moved| moved["state"].as_str()).collect();
    assert_eq!(states, ["waiting", "planned", "sending", "done"], "{done}");
    let actor = history[1]["actor"].as_str().unwrap_or_default();
    assert!(actor.contains(&scene.tenant.id) && history[3]["actor"].is_null(), "{done}");
    assert!(ids(&scene.tenant.get("/v1/pushes?ready=true")?.json).is_empty());

    assert_eq!(scene.said(&push, "send", &json!({}))?.0, 409, "it is done");
    assert_eq!(scene.said(&push, "resolve", &json!({"decision": "send_anyway"}))?.0, 409, "nothing is in doubt");
    assert_eq!(scene.written(), 1);
    Ok(())
}

#[test]
fn an_item_that_was_taken_back_is_never_sent_and_one_that_was_sent_cannot_be() -> Result<()> {
    let scene = Scene::set()?;
    let push = scene.on_demand("never")?;
    let (status, taken) = scene.said(&push, "withdraw", &json!({}))?;
    assert_eq!((status, &taken["state"], &taken["reason"]["code"]), (200, &json!("skipped"), &json!("PB4015")));
    let sent = scene.tenant.api.post("/v1/pushes", &scene.item("sent")?)?.expect(201)?.text_at("/id")?;
    scene.tenant.push_is(&sent, &["done"])?;
    let (status, refused) = scene.said(&sent, "withdraw", &json!({}))?;
    assert_eq!((status, &refused["code"]), (409, &json!("PB4007")), "{refused}");
    assert_eq!(scene.written(), 1);
    Ok(())
}

#[test]
fn a_dry_run_tells_what_would_leave_without_the_credential_and_leaves_nothing() -> Result<()> {
    let scene = Scene::set()?;
    let tried = scene.tenant.api.post("/v1/pushes/dry-run", &scene.item("tried")?)?.expect(200)?;
    assert_eq!((&tried.json["state"], &tried.json["duplicate_of"]), (&json!("planned"), &Value::Null));
    let request = &tried.json["requests"][0];
    assert_eq!((&request["method"], &request["effect"]), (&json!("POST"), &json!("write")), "{}", tried.text());
    let body = request["body"].as_str().unwrap_or_default();
    assert!(body.contains("Send the accounts") && request["body_encoding"] == "text", "{request}");
    assert_eq!(request["size"].as_u64(), u64::try_from(body.len()).ok());
    assert!(!request["credential_slots"].as_array().cloned().unwrap_or_default().is_empty(), "{request}");
    assert!(!tried.text().contains(&scene.token));
    assert_eq!((scene.written(), ids(&scene.tenant.get("/v1/pushes")?.json).len()), (0, 0));
    Ok(())
}

#[test]
fn each_item_of_a_batch_has_the_answer_that_it_would_have_had_alone() -> Result<()> {
    let scene = Scene::set()?;
    let (good, mut wrong) = (scene.item("good")?, scene.item("wrong")?);
    wrong["payload"] = json!({"titel": "x"});
    let batch = json!({"items": [good, wrong, good]});
    let answer = scene.tenant.api.post("/v1/pushes/batch", &batch)?.expect(200)?;
    let results = answer.array_at("/results")?;
    assert_eq!((&results[0]["push"]["change"], &results[0]["problem"]), (&json!("created"), &Value::Null));
    let alone = scene.tenant.api.post("/v1/pushes", &wrong)?.expect(422)?;
    assert_eq!((&results[1]["problem"], &results[1]["push"]), (&alone.json, &Value::Null));
    assert_eq!(results[2]["push"]["duplicate_of"], results[0]["push"]["id"]);
    let push = results[0]["push"]["id"].as_str().unwrap_or_default();
    scene.tenant.push_is(push, &["done"])?;
    assert_eq!(scene.written(), 1);
    Ok(())
}

#[test]
fn a_function_that_is_off_skips_its_items_and_they_go_once_it_is_on() -> Result<()> {
    let scene = Scene::set()?;
    let path = format!("/v1/connections/{}", scene.connection);
    let switched = |to: bool| scene.tenant.api.patch(&path, &json!({"functions": {"tasks": to}}));
    let off = switched(false)?.expect(200)?;
    let tasks = |detail: &Value| {
        let all = detail["functions"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|switch| switch["function"] == "tasks").unwrap_or_default()
    };
    assert_eq!((&tasks(&off.json)["enabled"], &tasks(&off.json)["actions"]), (&json!(false), &json!(["issue"])));
    let item = scene.item("switched")?;
    let skipped = scene.tenant.api.post("/v1/pushes", &item)?.expect(201)?;
    assert_eq!((&skipped.json["state"], &skipped.json["reason"]["code"]), (&json!("skipped"), &json!("PB4009")));
    let push = skipped.text_at("/id")?;
    let (status, refused) = scene.said(&push, "send", &json!({}))?;
    assert_eq!((status, &refused["code"]), (409, &json!("PB4009")), "{refused}");

    let on = switched(true)?.expect(200)?;
    assert_eq!(tasks(&on.json)["enabled"], json!(true));
    let again = scene.tenant.api.post("/v1/pushes", &item)?.expect(200)?;
    assert_eq!((&again.json["change"], &again.json["id"]), (&json!("revived"), &json!(push)), "{}", again.text());
    scene.tenant.push_is(&push, &["done"])?;
    assert_eq!(scene.written(), 1);
    Ok(())
}
