//! What is decided of releases at one node holds at the next run of every other: two hosts on one PostgreSQL database, of which
//! either takes what is due.

use std::{collections::BTreeSet, fs};

use patchbay_it::{Nodes, RigSetup, ServerDatabase, Tenant, Variant};
use patchbay_test_support::{Result, Trouble, wait_until};
use serde_json::{Value, json};

use crate::{
    lost_components::{LOSSES, file_of, lose},
    rollback::{CONNECTOR, TELLS, release, runs_once, telling, told},
};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Runs after which both nodes must have taken one.
const MANY: usize = 400;

/// Two nodes, and two tenants with a connection each.
struct Scene {
    nodes: Nodes,
    both: Vec<(Tenant, String)>,
}

impl Scene {
    fn open(database: &ServerDatabase) -> Result<Self> {
        let nodes = Nodes::start(2, database, RigSetup::default())?;
        nodes.rig.install(telling("0.1.0", 1)?.pack()?)?;
        let connected = ["A", "B"].into_iter().map(|name| {
            let tenant = nodes.rig.tenant(name)?;
            let connection = tenant.connect_guests("0123456789", TELLS)?;
            tenant.first_run(&connection)?;
            Ok((tenant, connection))
        });
        let both = connected.collect::<Result<Vec<_>>>()?;
        Ok(Self { nodes, both })
    }

    /// One run of one connection, as the operator sees it.
    fn runs(&self, connection: usize) -> Result<Value> {
        let (tenant, connection) = &self.both[connection];
        let run = runs_once(tenant, connection)?;
        let path = format!("/v1/runs/{}", run["id"].as_str().unwrap_or_default());
        Ok(self.nodes.rig.operator_of(tenant).get(&path)?.expect(200)?.json)
    }

    /// Runs of one connection until each node has done one: all of them are of this release.
    fn runs_everywhere(&self, connection: usize, wanted: &str) -> Result<()> {
        let mut nodes = BTreeSet::new();
        for _ in 0..MANY {
            let run = self.runs(connection)?;
            let (tenant, id) = &self.both[connection];
            assert_eq!((&run["state"], told(tenant, id)?.as_str()), (&json!("done"), wanted), "{run}");
            nodes.insert(run["node"].to_string());
            if nodes.len() == self.nodes.count() {
                return Ok(());
            }
        }
        Err(Trouble::new(format!("of {MANY} runs all were done by {nodes:?}")))
    }

    fn installs_at(&self, node: usize, variant: &Variant) -> Result<()> {
        let api = self.nodes.operator(node)?;
        let answer = api.send("POST", "/v1/connectors", Some("application/wasm"), variant.pack()?)?.expect(201)?;
        assert_eq!(answer.text_at("/release/state")?, "active", "{}", answer.text());
        Ok(())
    }
}

#[test]
fn an_install_a_rollback_and_a_pin_at_one_node_hold_at_the_next_run_of_the_other() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let scene = Scene::open(&database)?;
    scene.installs_at(1, &telling("0.2.0", 2)?)?;
    scene.runs_everywhere(0, "0000002/0.2.0")?;

    scene.nodes.operator(0)?.post(&format!("{CONNECTOR}/rollback"), &json!({ "reason": "slow" }))?.expect(200)?;
    scene.runs_everywhere(1, "0000001/0.1.0")?;

    let newer = release(&scene.nodes.rig, "0.2.0")?["id"].clone();
    let (tenant, connection) = &scene.both[1];
    let operator = scene.nodes.operator(1)?.for_tenant(&tenant.id);
    operator.patch(&format!("/v1/connections/{connection}"), &json!({ "release": newer }))?.expect(200)?;
    scene.runs_everywhere(1, "0000002/0.2.0")?;
    // The one that was not pinned.
    scene.runs_everywhere(0, "0000001/0.1.0")
}

#[test]
fn traps_are_counted_of_all_nodes_and_what_is_set_back_is_set_back_at_all() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let scene = Scene::open(&database)?;
    let broken = Variant::of_release("0.2.0", 9, json!({ "said": "0.2.0", "read": "trap" }))?;
    scene.installs_at(0, &broken)?;
    let mut nodes = Vec::new();
    for connection in [0, 1, 0, 1, 0] {
        assert_eq!(release(&scene.nodes.rig, "0.2.0")?["state"], json!("active"), "fewer than five are not enough");
        let run = scene.runs(connection)?;
        assert_eq!(run["reason"]["code"], json!("PB1101"), "{run}");
        nodes.push(run["node"].to_string());
    }
    println!("the five traps were met by {nodes:?}");
    let left = wait_until("0.2.0 to be set aside", LIMIT, || {
        Ok(Some(release(&scene.nodes.rig, "0.2.0")?).filter(|release| release["state"] == json!("quarantined")))
    })?;
    assert_eq!(release(&scene.nodes.rig, "0.1.0")?["activated_by"], json!("breaker"), "{left}");
    scene.runs_everywhere(0, "0000001/0.1.0")?;
    scene.runs_everywhere(1, "0000001/0.1.0")
}

#[test]
fn a_node_whose_file_was_lost_or_damaged_has_it_again_from_the_database() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let mut scene = Scene::open(&database)?;
    scene.runs_everywhere(0, "0000001/0.1.0")?;
    let packed = telling("0.1.0", 1)?.pack()?;
    let file = file_of(scene.nodes.host(1)?, &packed);
    assert!(fs::read(&file)? == packed, "it came from the other node");
    for what in LOSSES {
        lose(&file, what)?;
        // What is mapped needs no file.
        scene.nodes.host_mut(1)?.restart()?;
        scene.runs_everywhere(0, "0000001/0.1.0")?;
        assert!(fs::read(&file)? == packed, "{what}");
    }
    Ok(())
}
