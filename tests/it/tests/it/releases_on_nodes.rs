//! What is decided of releases at one node holds at the next run of every other: two hosts on one PostgreSQL database, of which
//! one stands still while the other one works.

use patchbay_it::{Nodes, RigSetup, ServerDatabase, Tenant, Variant};
use patchbay_test_support::{Result, wait_until};
use serde_json::{Value, json};

use crate::rollback::{CONNECTOR, TELLS, release, runs_once, telling, told};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

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

    /// One run of one connection at this node, which nobody else can take; the run, and what its records tell.
    fn runs_at(&mut self, node: usize, connection: usize) -> Result<(Value, String)> {
        self.nodes.host_mut(1 - node)?.suspend()?;
        let (tenant, connection) = &self.both[connection];
        let ran = self.nodes.tenant_at(node, tenant).and_then(|tenant| {
            let run = runs_once(&tenant, connection)?;
            Ok((run, told(&tenant, connection)?))
        });
        self.nodes.host_mut(1 - node)?.resume()?;
        ran
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
    let mut scene = Scene::open(&database)?;
    scene.installs_at(1, &telling("0.2.0", 2)?)?;
    assert_eq!(scene.runs_at(0, 0)?.1, "0000002/0.2.0");
    assert_eq!(scene.runs_at(1, 1)?.1, "0000002/0.2.0");

    scene.nodes.operator(0)?.post(&format!("{CONNECTOR}/rollback"), &json!({ "reason": "slow" }))?.expect(200)?;
    assert_eq!(scene.runs_at(1, 0)?.1, "0000001/0.1.0");
    assert_eq!(scene.runs_at(0, 1)?.1, "0000001/0.1.0");

    let newer = release(&scene.nodes.rig, "0.2.0")?["id"].clone();
    let (tenant, connection) = &scene.both[1];
    let operator = scene.nodes.operator(1)?.for_tenant(&tenant.id);
    operator.patch(&format!("/v1/connections/{connection}"), &json!({ "release": newer }))?.expect(200)?;
    assert_eq!(scene.runs_at(0, 1)?.1, "0000002/0.2.0", "the one that was pinned");
    assert_eq!(scene.runs_at(0, 0)?.1, "0000001/0.1.0", "the one that was not");
    Ok(())
}

#[test]
fn traps_are_counted_of_all_nodes_and_what_is_set_back_is_set_back_at_all() -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let mut scene = Scene::open(&database)?;
    let broken = Variant::of_release("0.2.0", 9, json!({ "said": "0.2.0", "read": "trap" }))?;
    scene.installs_at(0, &broken)?;
    for (node, connection) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(scene.runs_at(node, connection)?.0["reason"]["code"], json!("PB1101"));
    }
    assert_eq!(release(&scene.nodes.rig, "0.2.0")?["state"], json!("active"), "four are not enough");
    assert_eq!(scene.runs_at(1, 0)?.0["reason"]["code"], json!("PB1101"));
    let left = wait_until("0.2.0 to be set aside", LIMIT, || {
        Ok(Some(release(&scene.nodes.rig, "0.2.0")?).filter(|release| release["state"] == json!("quarantined")))
    })?;
    assert_eq!(release(&scene.nodes.rig, "0.1.0")?["activated_by"], json!("breaker"), "{left}");
    for node in [0, 1] {
        let (run, told) = scene.runs_at(node, node)?;
        assert_eq!((&run["state"], told.as_str()), (&json!("done"), "0000001/0.1.0"), "node {node}: {run}");
    }
    Ok(())
}
