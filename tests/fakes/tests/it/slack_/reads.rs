//! Lists, messages, and how much may be asked for.

use std::time::Duration;

use serde_json::{Value, json};

use super::{World, bearer};
use crate::calls::Answer;

#[test]
fn a_call_needs_its_token_in_the_header_and_its_scope() {
    let world = World::start();
    let tokens = world.connected();
    assert_eq!(world.ask("slack.com", "GET", "/api/auth.test", &[], "").json()["error"], "not_authed");
    let wrong = json!({ "access_token": "xoxb-1" });
    assert_eq!(world.error(&wrong, "auth.test"), "invalid_auth");
    world.refused(&tokens, "users.list?token=xoxb-1");
    world.fake().take_scope("users:read");
    let missing = world.get(&tokens, "users.list").json();
    assert_eq!((&missing["error"], &missing["needed"]), (&json!("missing_scope"), &json!("users:read")));
    assert!(missing["provided"].as_str().is_some_and(|provided| provided.contains("team:read")));
    let told = world.get(&tokens, "team.info");
    assert_eq!(told.headers["x-accepted-oauth-scopes"], "team:read");
    assert!(!told.headers["x-oauth-scopes"].contains("users:read,"), "{}", told.headers["x-oauth-scopes"]);
    world.fake().take_scope("users:read.email");
    world.fake().close_account();
    assert_eq!(world.error(&tokens, "auth.test"), "account_inactive");
}

#[test]
fn the_second_page_of_a_list_is_empty_and_nothing_is_lost() {
    let world = World::start();
    let tokens = world.connected();
    let (users, counts) = world.pages(&tokens, "users.list?limit=200", "members");
    assert_eq!((users.len(), counts), (28, vec![10, 0, 10, 8]));
    assert_eq!(users, world.fake().records("user"));
    let (few, counts) = world.pages(&tokens, "users.list?limit=12", "members");
    assert_eq!((few.len(), counts.first()), (28, Some(&10)), "never more than the fake gives");
    assert_eq!(world.error(&tokens, "users.list?limit=0"), "invalid_arguments");
    assert_eq!(world.error(&tokens, "users.list?limit=1001"), "invalid_arguments");
}

#[test]
fn a_cursor_is_good_for_its_own_question_only() {
    let world = World::start();
    let tokens = world.connected();
    let first = world.get(&tokens, "users.list?limit=5").json();
    let cursor = first["response_metadata"]["next_cursor"].as_str().expect("a cursor");
    assert_eq!(world.error(&tokens, &format!("conversations.list?cursor={cursor}")), "invalid_cursor");
    assert_eq!(world.error(&tokens, "users.list?cursor=dXNlcjo"), "invalid_cursor");
    assert_eq!(world.get(&tokens, &format!("users.list?limit=7&cursor={cursor}")).json()["ok"], true);
}

#[test]
fn parameters_that_the_sheet_does_not_name_are_refused() {
    let world = World::start();
    let tokens = world.connected();
    for call in [
        "users.list?presence=true",
        "conversations.list?types=public_channel,im",
        "conversations.history?channel=C0VB00001&ts=1.000001",
        "team.info?team=T0VOORB01",
        "usergroups.list?include_users=true",
        "users.info?user=U0VB00000",
        "conversations.members?channel=C0VB00001&oldest=1",
    ] {
        world.refused(&tokens, call);
    }
    let headers = [("authorization", bearer(&tokens)), ("x-more", "1".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(world.ask("slack.com", "GET", "/api/auth.test", &headers, "").status, 400);
    let other = world.ask("api.slack.com", "GET", "/api/auth.test", &headers[..1], "");
    assert_eq!(other.status, 400, "the host is slack.com");
    assert_eq!(world.post(&tokens, "users.list", &json!({ "limit": 5 })).status, 400, "a read takes no JSON");
    assert_eq!(world.post(&tokens, "chat.postMessage", &json!({ "as_user": true })).status, 400);
}

#[test]
fn a_private_channel_without_the_bot_looks_as_if_it_were_not_there() {
    let world = World::start();
    let tokens = world.connected();
    let (hidden, own) = (world.fake().channel("directie"), world.fake().channel("boekhouding"));
    let listed = |types: &str| {
        let (all, _) = world.pages(&tokens, &format!("conversations.list?types={types}"), "channels");
        all.iter().map(|channel| channel["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<String>>()
    };
    let all = listed("public_channel,private_channel");
    assert!(!all.contains(&hidden) && all.contains(&own), "{all:?}");
    assert!(!listed("public_channel").contains(&own));
    for method in ["conversations.members", "conversations.history"] {
        assert_eq!(world.error(&tokens, &format!("{method}?channel={hidden}")), "channel_not_found");
        assert_eq!(world.error(&tokens, &format!("{method}?channel=C0NOTHING")), "channel_not_found");
    }
    let post =
        |channel: &str| world.post(&tokens, "chat.postMessage", &json!({ "channel": channel, "text": "x" })).json();
    assert_eq!(post(&hidden)["error"], "channel_not_found");
    assert!(world.fake().invite(&hidden, None));
    assert!(listed("private_channel").contains(&hidden), "after an invitation");
    assert_eq!(post(&hidden)["ok"], true);
}

#[test]
fn archived_channels_and_those_without_the_bot_are_listed_and_not_read() {
    let world = World::start();
    let tokens = world.connected();
    let (archived, other) = (world.fake().channel("oud-project"), world.fake().channel("random"));
    for channel in [&archived, &other] {
        assert_eq!(world.error(&tokens, &format!("conversations.history?channel={channel}")), "not_in_channel");
    }
    let (members, counts) = world.pages(&tokens, &format!("conversations.members?channel={other}"), "members");
    assert_eq!((members.len(), counts), (6, vec![6]));
    let (without, _) = world.pages(&tokens, "conversations.list?exclude_archived=true", "channels");
    assert!(without.iter().all(|channel| channel["is_archived"] == false));
    let post =
        |channel: &str| world.post(&tokens, "chat.postMessage", &json!({ "channel": channel, "text": "x" })).json();
    assert_eq!(post(&archived)["error"], "is_archived");
    assert_eq!(post(&other)["ok"], true, "chat:write.public");
    world.fake().take_scope("chat:write.public");
    assert_eq!(post(&other)["error"], "not_in_channel");
}

#[test]
fn a_history_goes_from_new_to_old_without_replies_and_oldest_is_not_in_it() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("verslagen");
    let call = format!("conversations.history?channel={channel}&limit=200");
    let (all, counts) = world.pages(&tokens, &call, "messages");
    assert_eq!((all.len(), counts), (13, vec![10, 0, 3]));
    let ts = |message: &Value| message["ts"].as_str().unwrap_or_default().to_owned();
    assert!(all.windows(2).all(|pair| ts(&pair[0]) > ts(&pair[1])), "newest first");
    assert!(all.iter().all(|message| message["thread_ts"].is_null() || message["thread_ts"] == message["ts"]));
    let (second, third) = (ts(&all[1]), ts(&all[2]));
    let since = |more: &str| world.pages(&tokens, &format!("{call}&{more}"), "messages").0.len();
    assert_eq!(since(&format!("oldest={second}")), 1);
    assert_eq!(since(&format!("oldest={second}&inclusive=true")), 2);
    assert_eq!(since(&format!("oldest={third}&latest={}", ts(&all[0]))), 1);
    assert_eq!(since("oldest=0"), 13);
    assert_eq!(world.error(&tokens, &format!("{call}&oldest=yesterday")), "invalid_ts_oldest");
}

#[test]
fn replies_come_after_the_first_message_of_their_thread() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("verslagen");
    let newest = world.get(&tokens, &format!("conversations.history?channel={channel}")).json()["messages"][0].clone();
    let ts = newest["ts"].as_str().unwrap_or_default().to_owned();
    assert_eq!((&newest["reply_count"], &newest["thread_ts"]), (&json!(3), &json!(ts)));
    let call = format!("conversations.replies?channel={channel}&ts={ts}");
    let (all, _) = world.pages(&tokens, &call, "messages");
    assert_eq!((all.len(), &all[0]["ts"], &all[3]["ts"]), (4, &json!(ts), &newest["latest_reply"]));
    let late = world.fake().say(&channel, Some(&ts), "nog iets");
    let (since, _) = world.pages(
        &tokens,
        &format!("{call}&oldest={}", newest["latest_reply"].as_str().unwrap_or_default()),
        "messages",
    );
    assert_eq!(since.iter().map(|one| one["ts"].clone()).collect::<Vec<_>>(), [json!(ts), json!(late)]);
    assert_eq!(
        world.error(&tokens, &format!("conversations.replies?channel={channel}&ts=1.000001")),
        "thread_not_found"
    );
}

#[test]
fn outside_the_marketplace_messages_come_fifteen_a_page_and_once_a_minute() {
    let world = World::start();
    let tokens = world.connected();
    let channel = world.fake().channel("general");
    (0..12).for_each(|at| drop(world.fake().say(&channel, None, &format!("bericht {at}"))));
    world.fake().rows_per_page(1_000);
    let call = format!("conversations.history?channel={channel}&limit=200");
    let count = |answer: &Answer| answer.json()["messages"].as_array().map_or(0, Vec::len);
    assert_eq!(count(&world.get(&tokens, &call)), 26);
    world.fake().outside_marketplace(Some(Duration::from_secs(60)));
    assert_eq!(count(&world.get(&tokens, &call)), 15);
    let slower = world.get(&tokens, &call);
    assert_eq!((slower.status, slower.headers["retry-after"].as_str()), (429, "60"));
    assert_eq!(slower.json(), json!({ "ok": false, "error": "ratelimited" }));
    let replies = format!("conversations.replies?channel={channel}&ts=1.000001");
    assert_eq!(world.get(&tokens, &replies).status, 200, "each method has its own minute");
    world.clock.advance(Duration::from_secs(45));
    assert_eq!(world.get(&tokens, &call).headers["retry-after"], "15");
    world.clock.advance(Duration::from_secs(15));
    assert_eq!(count(&world.get(&tokens, &call)), 15);
    assert_eq!(world.get(&tokens, "users.list").status, 200, "other methods keep their tier");
}

#[test]
fn calls_are_counted_by_method_and_messages_by_channel() {
    let world = World::start();
    let tokens = world.connected();
    world.fake().limit(true);
    let status = |call: &str| world.get(&tokens, call).status;
    assert!((0..20).all(|_| status("users.list") == 200));
    assert_eq!((status("users.list"), status("conversations.list")), (429, 200));
    let post =
        |channel: &str| world.post(&tokens, "chat.postMessage", &json!({ "channel": channel, "text": "x" })).status;
    let (general, reports) = (world.fake().channel("general"), world.fake().channel("verslagen"));
    assert!((0..5).all(|_| post(&general) == 200), "a short burst");
    assert_eq!((post(&general), post(&reports)), (429, 200));
    world.clock.advance(Duration::from_secs(60));
    assert_eq!((status("users.list"), post(&general)), (200, 200));
}

#[test]
fn user_groups_that_are_disabled_and_their_counts_are_told_to_who_asks() {
    let world = World::start();
    let tokens = world.connected();
    let groups = |more: &str| world.get(&tokens, &format!("usergroups.list{more}")).json()["usergroups"].clone();
    assert_eq!(groups("").as_array().map(Vec::len), Some(12));
    assert!(groups("")[0]["user_count"].is_null());
    assert_eq!(groups("?include_disabled=true&include_count=true"), json!(world.fake().records("group")));
}
