//! What the configuration says, in the words of the rooms.

use std::time::Duration;

use patchbay_app::{ConnectorPolicy, Settings};
use patchbay_model::Random;
use patchbay_store::{Retention, StoreConfig};
use url::Url;

use crate::config::{Config, Database, Location};

/// Runs of a sync that are kept however old they are.
const RUNS_PER_SYNC: u32 = 20;
/// How long a file waits for an item that names it.
const UNUSED_BLOBS: Duration = Duration::from_secs(86_400);
/// How long after its longest request a delivery of a webhook is somebody else's.
const TO_STORE: Duration = Duration::from_secs(30);
/// Letters and digits of a node's name.
const NAME: usize = 10;

/// Where the database is.
pub(crate) fn store(database: &Database, server_clock: bool) -> StoreConfig {
    let config = match &database.location {
        Location::File(path) => StoreConfig::at(path),
        Location::Server(address) => StoreConfig::server(address.secret().clone()),
    };
    let cache_kib = database.cache_mib.saturating_mul(1024);
    StoreConfig { readers: database.readers, writers: database.writers, cache_kib, server_clock, ..config }
}

/// What the use cases need to know.
pub(crate) fn app(config: &Config, public_url: Url, node: String) -> Settings {
    let (jobs, limits, retention) = (&config.jobs, &config.limits, &config.retention);
    Settings {
        public_url,
        node,
        components_dir: config.data_dir.join("components"),
        scratch_dir: config.data_dir.join("scratch"),
        workers: jobs.workers,
        per_tenant: jobs.per_tenant,
        per_connector: jobs.per_connector,
        per_connection: jobs.per_connection,
        lease: jobs.lease,
        poll: jobs.poll,
        call_timeout: limits.call,
        run_time: limits.run,
        run_pages: limits.run_pages,
        run_records: limits.run_records,
        run_bytes: limits.run_bytes,
        memory_bytes: limits.memory_bytes,
        component_bytes: limits.component_bytes,
        blob_bytes: limits.blob_bytes,
        tenant_blob_bytes: limits.tenant_blob_bytes,
        push_expires: config.push.expires,
        login_time: limits.login,
        session_time: config.connect.session,
        completion_time: config.connect.completion,
        refresh_lease: config.refresh.lease,
        refresh_exchange: config.refresh.exchange,
        cool_down: config.refresh.cool_down,
        longest_cool_down: config.refresh.longest_cool_down,
        failing_days: config.refresh.failing_days,
        idle_refresh: config.refresh.idle,
        settle_at_most: jobs.settle,
        settle_again: jobs.settle_again,
        webhook_retries: patchbay_app::WEBHOOK_RETRIES.to_vec(),
        webhook_disable_after: config.webhooks.disable,
        webhook_lease: config.egress.exchange + TO_STORE,
        // With passwords, which are read at the start only.
        registries: patchbay_app::Registries::default(),
        indexes: config.sources.indexes(),
        update_check: config.sources.update_check,
        update_age: config.sources.update_age,
        connectors: ConnectorPolicy {
            unsigned: config.connectors.unsigned,
            upgrades: config.connectors.upgrades,
            ceiling: config.connectors.ceiling.clone(),
            retained: config.connectors.retained,
        },
        retention: Retention {
            runs: retention.runs,
            tombstones: retention.deletions,
            dead_letters: retention.dead_letters,
            events: retention.events,
            // Each names the run that saw it.
            drifts: retention.runs,
            blobs: retention.blobs,
            unused_blobs: UNUSED_BLOBS,
            runs_per_sync: RUNS_PER_SYNC,
        },
    }
}

/// A name for this start of this node: shown with what it does, and never of use twice.
pub(crate) fn node(random: &dyn Random) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; NAME];
    random.fill(&mut bytes);
    bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use patchbay_model::SeededRandom;
    use patchbay_store::Location as Place;

    use super::*;

    fn config(text: &str) -> Config {
        Config::read(Some(text), Path::new("/data"), &BTreeMap::new()).expect("a configuration")
    }

    #[test]
    fn a_server_keeps_the_time_unless_a_test_moves_it() {
        let at = config("[database]\nurl = \"postgres://hub:pw@db/patchbay\"\nreaders = 3");
        let server = store(&at.database, true);
        assert!(matches!(&server.location, Place::Server(url) if url.expose() == "postgres://hub:pw@db/patchbay"));
        assert_eq!((server.readers, server.writers, server.server_clock), (3, 8, true));
        assert!(!store(&at.database, false).server_clock);
        let file = store(&config("").database, true);
        assert!(matches!(file.location, Place::File(path) if path == Path::new("patchbay-data/patchbay.db")));
        assert_eq!((file.readers, file.cache_kib), (4, 64 * 1024));
    }

    #[test]
    fn what_is_written_reaches_the_use_cases() {
        let text = "[jobs]\nper_tenant = 7\n[limits]\nrun_pages = 9\nblob_mib = 2\n[retention]\ndeletions_days = 3\n\
            [egress]\nexchange_seconds = 60";
        let url = "https://hub.example.com".parse().expect("a URL");
        let settings = app(&config(text), url, "n".to_owned());
        assert_eq!((settings.per_tenant, settings.per_connector, settings.run_pages), (7, u32::MAX, 9));
        assert_eq!(settings.retention.tombstones, Duration::from_secs(3 * 86_400));
        assert_eq!((settings.blob_bytes, settings.tenant_blob_bytes), (2 << 20, 2 << 30));
        assert_eq!(settings.retention.blobs, Duration::from_secs(7 * 86_400));
        assert!(settings.webhook_lease > Duration::from_secs(60), "an attempt ends before its lease does");
    }

    #[test]
    fn a_node_has_a_name_of_its_own_at_each_start() {
        let random = SeededRandom::new(1);
        let (one, other) = (node(&random), node(&random));
        assert_ne!(one, other);
        assert!(one.len() == NAME && one.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{one}");
    }
}
