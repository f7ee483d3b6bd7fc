//! Messages and files, and what people do.

use std::time::Duration;

use patchbay_fakes::{Act, Rule};
use serde_json::{Value, json};

use super::{JSON, SCOPES, World, bearer};

#[test]
fn a_message_that_is_sent_twice_is_there_twice_and_its_key_is_told_to_who_asks() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("verslagen");
    let metadata = json!({ "event_type": "patchbay_push", "event_payload": { "key": "k1" } });
    let body = json!({ "channel": channel, "text": "Verslag", "metadata": metadata, "unfurl_links": false });
    let first = world.post(&tokens, "chat.postMessage", &body).json();
    world.stand().script.add(Rule::on("POST", "/api/chat.postMessage", Act::LoseAnswer));
    let bearer = bearer(&tokens);
    let headers = [("authorization", bearer.as_str()), JSON];
    assert!(world.try_ask("slack.com", "POST", "/api/chat.postMessage", &headers, &body.to_string()).is_err());
    let objects = world.stand().journal.objects();
    assert_eq!(objects.iter().filter(|made| made.kind == "message").count(), 2, "the lost answer's too");
    let asked = |more: &str| world.get(&tokens, &format!("conversations.history?channel={channel}{more}")).json();
    let with = asked("&include_all_metadata=true");
    assert_eq!((&with["messages"][0]["metadata"], &with["messages"][1]["ts"]), (&metadata, &first["ts"]));
    assert!(asked("")["messages"][0]["metadata"].is_null());
    let update = json!({ "channel": channel, "ts": first["ts"], "text": "Anders" });
    assert_eq!(world.post(&tokens, "chat.update", &update).json()["text"], "Anders");
    assert_eq!(asked("")["messages"][1]["text"], "Anders");
    let foreign = json!({ "channel": channel, "ts": asked("")["messages"][2]["ts"], "text": "x" });
    assert_eq!(world.post(&tokens, "chat.update", &foreign).json()["error"], "message_not_found", "not the bot's own");
}

#[test]
fn a_message_is_refused_that_is_empty_too_long_badly_formed_or_not_escaped() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("general");
    let post = |more: Value| {
        let mut body = json!({ "channel": channel });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        world.post(&tokens, "chat.postMessage", &body)
    };
    for (more, error) in [
        (json!({ "text": " " }), "no_text"),
        (json!({ "text": "x".repeat(40_001) }), "msg_too_long"),
        (json!({ "text": "x", "blocks": {} }), "invalid_blocks"),
        (json!({ "text": "x", "markdown_text": "x" }), "invalid_arguments"),
        (json!({ "text": "x", "metadata": { "event_type": "a" } }), "invalid_arguments"),
        (json!({ "text": "x", "thread_ts": "1.000001" }), "thread_not_found"),
        (json!({ "text": "x", "channel": "U0NOBODY0" }), "user_not_found"),
    ] {
        assert_eq!(post(more.clone()).json()["error"], error, "{more}");
    }
    for text in ["a & b", "<!channel> hello", "<@U0VB00001> hello"] {
        assert_eq!(post(json!({ "text": text })).status, 400, "{text}");
    }
    world.get(&tokens, "users.lookupByEmail?email=p1%40voorbeeld.example");
    assert_eq!(post(json!({ "text": "<@U0VB00001> hello" })).status, 200, "who was looked up is mentioned");
    assert_eq!(post(json!({ "text": "<@U0VB00002> hello" })).status, 400, "and nobody else");
    let payload = json!({ "key": "k", "name": "Els" });
    let personal = json!({ "text": "x", "metadata": { "event_type": "a", "event_payload": payload } });
    assert_eq!(post(personal).status, 400, "everybody in the workspace reads it");
    let headers = [("authorization", bearer(&tokens)), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let call = |body: &str| world.ask("slack.com", "POST", "/api/chat.postMessage", &headers, body).json();
    assert_eq!(call("{\"channel\":")["error"], "invalid_json");
    let plain = call(&json!({ "channel": channel, "text": "x" }).to_string());
    assert_eq!((&plain["ok"], &plain["warning"]), (&json!(true), &json!("missing_charset")));
    assert_eq!(world.stand().journal.objects().len(), 2);
}

#[test]
fn a_person_is_found_by_e_mail_and_written_to_in_a_channel_that_no_list_shows() {
    let world = World::start();
    let tokens = world.connected();
    let found = world.get(&tokens, "users.lookupByEmail?email=p1%40voorbeeld.example").json();
    assert_eq!(found["user"]["id"], "U0VB00001");
    assert_eq!(world.error(&tokens, "users.lookupByEmail?email=x%40y.example"), "users_not_found");
    let open =
        || world.post(&tokens, "conversations.open", &json!({ "users": "U0VB00001" })).json()["channel"]["id"].clone();
    let channel = open();
    assert_eq!(open(), channel, "one for each person");
    let sent = world.post(&tokens, "chat.postMessage", &json!({ "channel": channel, "text": "Dag" })).json();
    assert_eq!(sent["channel"], channel);
    let straight = world.post(&tokens, "chat.postMessage", &json!({ "channel": "U0VB00001", "text": "Dag" })).json();
    assert_eq!(straight["channel"], channel);
    let id = channel.as_str().unwrap_or_default();
    let read = world.get(&tokens, &format!("conversations.history?channel={id}")).json();
    assert_eq!((&read["error"], &read["needed"]), (&json!("missing_scope"), &json!("im:history")));
    assert_eq!(world.fake().records("posted").len(), 2);
}

#[test]
fn joining_needs_a_scope_of_its_own_and_is_told_the_second_time() {
    let world = World::start();
    let channel = json!({ "channel": world.fake().channel("random") });
    assert_eq!(world.post(&world.connected(), "conversations.join", &channel).json()["needed"], "channels:join");
    let scopes = format!("{SCOPES},channels:join");
    let code = world.consent(&world.fake().login(), "T0VOORB01", &[("scope", &scopes)], "allow")["code"].clone();
    let tokens = world.redeemed(&code);
    assert_eq!(world.post(&tokens, "conversations.join", &channel).json()["channel"]["is_member"], true);
    assert_eq!(world.post(&tokens, "conversations.join", &channel).json()["warning"], "already_in_channel");
}

#[test]
fn a_file_is_seen_only_after_its_third_step_and_the_second_host_takes_no_token() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("verslagen");
    let room = |name: &str, length: usize| {
        let made = world.get(&tokens, &format!("files.getUploadURLExternal?filename={name}&length={length}")).json();
        let url = made["upload_url"].as_str().expect("an address").to_owned();
        let path = url.strip_prefix("https://files.slack.com").expect("the second host").to_owned();
        (made["file_id"].clone(), path)
    };
    let (id, path) = room("Verslag.pdf", 5);
    let complete = |id: &Value, channel: &str| {
        let files = json!([{ "id": id, "title": "Verslag" }]);
        world.post(
            &tokens,
            "files.completeUploadExternal",
            &json!({ "files": files, "channel_id": channel, "initial_comment": "Dag" }),
        )
    };
    assert_eq!(complete(&id, &channel).json()["error"], "invalid_arguments", "no bytes yet");
    let send =
        |path: &str, headers: &[(&str, &str)], body: &str| world.ask("files.slack.com", "POST", path, headers, body);
    let kind = ("content-type", "application/octet-stream");
    assert_eq!(send(&path, &[kind, ("authorization", &bearer(&tokens))], "bytes").status, 400);
    assert_eq!(send(&path, &[kind], "byte").status, 400, "the length is the one that was said");
    assert_eq!(world.ask("slack.com", "POST", &path, &[kind], "bytes").status, 400, "another host");
    let sent = send(&path, &[kind], "bytes");
    assert_eq!((sent.status, sent.headers["content-type"].as_str()), (200, "text/plain"));
    assert_eq!(send(&path, &[kind], "bytes").status, 200, "again, as long as nobody sees it");
    assert!(world.fake().records("file").is_empty() && world.stand().journal.objects().is_empty());
    assert_eq!(complete(&id, &world.fake().channel("random")).json()["error"], "not_in_channel");
    let done = complete(&id, &channel).json();
    assert_eq!(done["files"], json!([{ "id": id, "title": "Verslag" }]));
    assert_eq!(complete(&id, &channel).json()["error"], "invalid_arguments", "once");
    assert_eq!(send(&path, &[kind], "bytes").status, 404);
    let newest = world.get(&tokens, &format!("conversations.history?channel={channel}")).json()["messages"][0].clone();
    assert_eq!((&newest["files"][0]["id"], &newest["text"]), (&id, &json!("Dag")));
    assert_eq!(world.fake().records("file")[0]["size"], 5);
    assert_eq!(world.stand().journal.objects().len(), 1);
}

#[test]
fn what_people_do_is_seen_by_the_bot() {
    let world = World::start();
    let (fake, tokens) = (world.fake(), world.connected());
    world.clock.advance(Duration::from_secs(5));
    let id = fake.add_user("Nieuwe Collega");
    assert!(fake.rename_user("U0VB00001", "Bart") && fake.deactivate_user("U0VB00002"));
    let (users, _) = world.pages(&tokens, "users.list?limit=200", "members");
    let of = |id: &str| users.iter().find(|user| user["id"] == id).cloned().unwrap_or_default();
    assert_eq!(of(&id)["updated"], 1_795_255_205);
    assert_eq!((&of("U0VB00001")["real_name"], &of("U0VB00002")["deleted"]), (&json!("Bart"), &json!(true)));
    let channel = fake.add_channel("nieuw", &["U0VB00001"]);
    assert!(
        fake.invite(&channel, None)
            && fake.rename_channel(&channel, "nieuwer")
            && fake.kick(&channel, Some("U0VB00001"))
    );
    let said = fake.say(&channel, None, "a < b");
    let read = world.get(&tokens, &format!("conversations.history?channel={channel}")).json();
    assert_eq!((&read["messages"][0]["ts"], &read["messages"][0]["text"]), (&json!(said), &json!("a &lt; b")));
    assert!(fake.edit(&channel, &said, "b") && fake.archive(&channel));
    assert_eq!(world.error(&tokens, &format!("conversations.history?channel={channel}")), "not_in_channel");
    assert!(fake.remove_channel(&channel) && !fake.remove_channel(&channel));
}
