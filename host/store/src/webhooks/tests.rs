//! What endpoints and their secrets promise.

use std::time::Duration;

use super::*;
use crate::testing::World;

/// An endpoint of the world's tenant that wants to hear of these.
pub(crate) fn endpoint(world: &World, kinds: &[EventKind]) -> NewWebhook {
    NewWebhook {
        id: WebhookId::fresh(&*world.store.clock, &*world.store.random),
        tenant: world.tenant.clone(),
        url: "https://acme.example/hooks".to_owned(),
        description: "ERP".to_owned(),
        kinds: kinds.to_vec(),
        sealed: vec![1; 40],
        row_version: 1,
        actor: "backend".to_owned(),
    }
}

#[tokio::test]
async fn an_endpoint_is_made_changed_switched_off_and_on_and_removed_by_its_tenant_only() {
    let world = World::open().await;
    let (store, tenant) = (&world.store, &world.tenant);
    let kinds = [EventKind::RunFailed, EventKind::ConnectionBroken, EventKind::RunFailed];
    let made = store.create_webhook(endpoint(&world, &kinds)).await.expect("made");
    assert_eq!(made.kinds, [EventKind::ConnectionBroken, EventKind::RunFailed], "each once");
    assert_eq!((made.enabled, made.failing_since, made.last_status), (true, None, None));
    assert_eq!(store.webhooks(tenant).await, Ok(vec![made.clone()]));

    let other = store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let update = WebhookUpdate { enabled: Some(false), ..WebhookUpdate::default() };
    assert_eq!(store.webhook(&other, &made.id).await, Err(StoreError::NotFound));
    assert_eq!(store.update_webhook(&other, &made.id, update.clone(), "x").await, Err(StoreError::NotFound));
    assert_eq!(store.delete_webhook(&other, &made.id, "x").await, Err(StoreError::NotFound));
    let secret = store.add_webhook_secret(&other, &made.id, vec![2], 2, store.now(), "x").await;
    assert_eq!(secret, Err(StoreError::NotFound));
    assert_eq!(store.webhook(tenant, &made.id).await, Ok(made.clone()), "nothing changed");

    let url = "https://acme.example/other".to_owned();
    let moved = WebhookUpdate { url: Some(url.clone()), kinds: Some(Vec::new()), ..WebhookUpdate::default() };
    let moved = store.update_webhook(tenant, &made.id, moved, "person").await.expect("changed");
    assert_eq!((moved.url, moved.description, moved.kinds, moved.enabled), (url, made.description, Vec::new(), true));

    assert_eq!(store.disable_webhook(&made.id, "It said that it is gone.").await, Ok(true));
    assert_eq!(store.disable_webhook(&made.id, "Another reason.").await, Ok(false), "it is off");
    let off = store.webhook(tenant, &made.id).await.expect("read");
    assert_eq!((off.enabled, off.disabled_reason.as_deref()), (false, Some("It said that it is gone.")));
    let update = WebhookUpdate { enabled: Some(true), ..WebhookUpdate::default() };
    let on = store.update_webhook(tenant, &made.id, update, "person").await.expect("on");
    assert_eq!((on.enabled, on.disabled_reason, on.failing_since), (true, None, None));

    store.delete_webhook(tenant, &made.id, "person").await.expect("removed");
    assert_eq!(store.webhooks(tenant).await, Ok(Vec::new()));
    assert_eq!(world.number("SELECT count(*) FROM webhook_secrets").await, 0);
    for (action, times) in [("created", 1), ("updated", 2), ("disabled", 1), ("deleted", 1)] {
        assert_eq!(world.told(&format!("webhook.{action}")).await, times, "{action}");
    }
}

#[tokio::test]
async fn a_tenant_has_at_most_twenty_endpoints() {
    let world = World::open().await;
    for _ in 0..20 {
        world.store.create_webhook(endpoint(&world, &[])).await.expect("made");
    }
    assert_eq!(world.store.create_webhook(endpoint(&world, &[])).await, Err(TOO_MANY));
    let other = world.store.create_tenant("Other", "retail", "test").await.expect("a tenant").id;
    let theirs = NewWebhook { tenant: other, ..endpoint(&world, &[]) };
    world.store.create_webhook(theirs).await.expect("another tenant's");
}

#[tokio::test]
async fn an_old_secret_signs_besides_the_new_one_until_its_end() {
    let world = World::open().await;
    let (store, tenant, hour) = (&world.store, &world.tenant, Duration::from_secs(3600));
    let id = store.create_webhook(endpoint(&world, &[])).await.expect("made").id;
    let nos = async || store.webhook_secrets(&id).await.expect("secrets").iter().map(|x| x.no).collect::<Vec<_>>();
    assert_eq!(nos().await, [1]);
    let end = store.now().plus(hour * 24);
    store.add_webhook_secret(tenant, &id, vec![2; 40], 2, end, "person").await.expect("a second");
    let both = store.webhook_secrets(&id).await.expect("secrets");
    let seen: Vec<_> = both.iter().map(|x| (x.no, x.row_version, x.sealed[0], x.ends_at)).collect();
    assert_eq!(seen, [(2, 2, 2, None), (1, 1, 1, Some(end))]);
    // A third while the first still signs: nobody's end moves away.
    world.clock.advance(hour);
    let later = store.now().plus(hour * 48);
    store.add_webhook_secret(tenant, &id, vec![3; 40], 3, later, "person").await.expect("a third");
    assert_eq!(nos().await, [3, 2, 1]);
    world.clock.advance(hour * 23);
    assert_eq!(nos().await, [3, 2], "the first one's end did not move");
    world.clock.advance(hour * 25);
    assert_eq!(nos().await, [3]);
    store.add_webhook_secret(tenant, &id, vec![4; 40], 4, store.now(), "person").await.expect("at once");
    assert_eq!(nos().await, [4]);
    assert_eq!(world.number("SELECT count(*) FROM webhook_secrets").await, 2, "those that had ended are gone");
}
