//! **One refresh, whatever the number of nodes** (trust.md, section 3, rows 1 and 2; K2, K3): eight callers on each of
//! four nodes find at one moment that the token has ended; the provider rotates, and ends the whole login when it sees
//! a token twice.
//!
//! What is promised, by where the node dies that holds the lease:
//!
//! | the holder | calls that the provider heard | the login |
//! |---|---|---|
//! | lives | one | goes on |
//! | dies before the provider acted | one, by another node and not before the lease has ended | goes on |
//! | dies after the provider has rotated | the lost one, and the one retry with the same token after the lease | goes on where the provider takes the old token a little longer |
//!
//! Without that grace the third case ends in a word to the owner, as `refresh_kill` shows on one node. Nobody spends a
//! token while another may be spending it: callers on other nodes are told to come again.

use std::{thread, time::Duration};

use patchbay_it::{Kind, Nodes, RigSetup, ServerDatabase, Tenant, Witness, items, name};
use patchbay_test_support::{
    Api, Dice, Result, Trouble,
    fakes::{
        Act, Rule,
        logins::{Behaviour, Renewal, TokenCall, TokenKind},
    },
    together, wait_until,
};
use serde_json::json;

use crate::{
    refresh::{CALLERS, ENDED, LIMIT, MINUTE},
    soak::Soak,
};

const NODES: usize = 4;
/// Longer than a test round takes, since the time of the test stands still until it is moved.
const CONFIG: &str = "[refresh]\nlease_seconds = 30\nexchange_seconds = 20\ncool_down_seconds = 1\n";
const LEASE: Duration = Duration::from_secs(30);
const STRICT: Renewal = Renewal::Rotating { grace: Duration::ZERO, family: true };
const LENIENT: Renewal = Renewal::Rotating { grace: MINUTE, family: true };

/// What becomes of the node that holds the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Lives,
    DiesBefore,
    DiesAfter,
}

struct Scene {
    nodes: Nodes,
    kind: Kind,
    tenant: Tenant,
    connection: String,
    /// Pairs that the provider gave and nobody got.
    lost: usize,
}

pub(crate) fn rounds(soak: Soak) -> Result<()> {
    let Some(database) = ServerDatabase::make_or_skip()? else { return Ok(()) };
    let mut dice = Dice::of(soak.seed);
    let mut scene = Scene::open(&database)?;
    let witness = Witness::of(&database)?;
    let (mut killed, mut again) = (0, 0);
    for round in 0..soak.rounds {
        // Every second one is killed, before and after the provider acted by turns.
        let holder = match round % 4 {
            1 => Holder::DiesBefore,
            3 => Holder::DiesAfter,
            _ => Holder::Lives,
        };
        let at = format!("seed {}, round {round}, the holder {holder:?}", soak.seed);
        let told = |error: Trouble| Trouble::new(format!("{at}: {error}"));
        again += scene.round(&witness, &mut dice, holder, &at).map_err(told)?;
        killed += u64::from(holder != Holder::Lives);
    }
    let calls = scene.calls(0);
    println!(
        "{} rounds, {killed} holders killed, {again} callers told to come again, {} calls",
        soak.rounds,
        calls.len()
    );
    assert!(!calls.iter().any(|call| call.family), "seed {}: a login was ended: {calls:?}", soak.seed);
    assert_eq!(scene.tenant.stands(&scene.connection)?.0, "active");
    Ok(())
}

impl Scene {
    fn open(database: &ServerDatabase) -> Result<Self> {
        let setup = RigSetup { test_clock: true, more: CONFIG.to_owned(), ..RigSetup::default() };
        let nodes = Nodes::start(NODES, database, setup)?;
        let kind = nodes.rig.kind("code-basic")?;
        nodes.rig.install_kind(&kind)?;
        let tenant = nodes.rig.tenant("A")?;
        let connection = tenant.connect_kind(&nodes.rig, &kind)?;
        tenant.settled()?;
        for sync in items(&tenant.api, &format!("/v1/connections/{connection}/syncs"))? {
            let id = sync["id"].as_str().unwrap_or_default();
            tenant.api.patch(&format!("/v1/syncs/{id}"), &json!({ "enabled": false }))?.expect(200)?;
        }
        let scene = Self { nodes, kind, tenant, connection, lost: 0 };
        // Each node compiles the connector before anything is measured.
        for node in 0..NODES {
            let answer = used(&scene.nodes.tenant_at(node, &scene.tenant)?.api, &scene.connection)?;
            assert_eq!(answer.0, 200, "node {node}: {answer:?}");
        }
        Ok(scene)
    }

    fn calls(&self, from: usize) -> Vec<TokenCall> {
        self.nodes.rig.fakes.logins.provider.calls().split_off(from)
    }

    fn behave(&self, renewal: Renewal) {
        let behaviour = Behaviour { renewal, ..self.kind.behaviour.clone() };
        self.nodes.rig.fakes.logins.provider.behave(behaviour);
    }

    /// One moment at which all need a new token; how many were told to come again.
    fn round(&mut self, witness: &Witness<'_>, dice: &mut Dice, holder: Holder, at: &str) -> Result<usize> {
        let logins = &self.nodes.rig.fakes.logins;
        self.behave(if holder == Holder::DiesAfter { LENIENT } else { STRICT });
        let from = logins.provider.calls().len();
        if dice.below(2) == 0 {
            self.nodes.advance(ENDED)?;
        } else {
            self.nodes.advance(MINUTE * 2)?;
            logins.provider.end(TokenKind::Access);
        }
        let held = format!("held-{from}");
        match holder {
            Holder::Lives => {
                let ms = dice.below(3) * dice.below(200);
                logins.script.add(Rule::on("POST", "/oauth/token", Act::Delay { ms }));
            }
            Holder::DiesBefore | Holder::DiesAfter => {
                let applied = holder == Holder::DiesAfter;
                logins.script.add(Rule::on("POST", "/oauth/token", Act::Hold { name: held.clone(), applied }));
            }
        }
        let callers = self.callers()?;
        let begun = thread::spawn({
            let connection = self.connection.clone();
            move || together(callers.len(), |number| callers.get(number).map(|api| used(api, &connection)))
        });
        let dead = if holder == Holder::Lives { None } else { Some(self.kill_holder(witness, &held)?) };
        let answers = begun.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut again = 0;
        for (number, answer) in answers.into_iter().flatten().enumerate() {
            match answer {
                Ok((200, _)) => {}
                Ok((503, code)) if code == "PB2003" => again += 1,
                // The kill answered it.
                Err(_) if dead == Some(number / CALLERS) => {}
                other => panic!("{at}: caller {number}: {other:?}"),
            }
        }
        match dead {
            None => {}
            Some(dead) => self.taken_over(dead, holder, from, at)?,
        }
        self.all_work(at)?;
        let (calls, wanted) = (self.calls(from), if holder == Holder::DiesAfter { 2 } else { 1 });
        assert_eq!(calls.len(), wanted, "{at}: {calls:?}");
        assert!(calls.iter().all(|call| call.grant == "refresh_token" && call.refused.is_none()), "{at}: {calls:?}");
        assert!(calls.iter().all(|call| call.sent == calls[0].sent), "{at}: one token was spent: {calls:?}");
        // By the strict rule a token that was spent is not good, however long ago that was.
        self.behave(STRICT);
        let tokens = self.nodes.rig.fakes.logins.provider.tokens();
        let good = tokens.iter().filter(|token| token.kind == TokenKind::Refresh && token.good).count();
        self.lost += usize::from(holder == Holder::DiesAfter);
        assert_eq!(good, 1 + self.lost, "{at}: the stored one is good, and those that died with their nodes");
        assert_eq!(self.tenant.stands(&self.connection)?.0, "active", "{at}");
        Ok(again)
    }

    /// Eight callers of each node, node by node.
    fn callers(&self) -> Result<Vec<Api>> {
        let nodes = (0..NODES).map(|node| Ok(vec![self.nodes.tenant_at(node, &self.tenant)?.api; CALLERS]));
        Ok(nodes.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Kills the node whose request the provider keeps back; which one.
    fn kill_holder(&mut self, witness: &Witness<'_>, held: &str) -> Result<usize> {
        if !self.nodes.rig.fakes.logins.script.wait_until_held(held, LIMIT) {
            return Err(Trouble::new("nobody asked for a token"));
        }
        let holder = witness.refreshes(&self.connection)?;
        let dead = (0..NODES).find(|node| name(*node) == holder);
        let dead = dead.ok_or_else(|| Trouble::new(format!("{holder} is no node")))?;
        self.nodes.host_mut(dead)?.kill()?;
        Ok(dead)
    }

    /// Within the lease nobody asks; after it somebody does, once.
    fn taken_over(&mut self, dead: usize, holder: Holder, from: usize, at: &str) -> Result<()> {
        let alive = (dead + 1) % NODES;
        let api = self.nodes.tenant_at(alive, &self.tenant)?.api;
        let answer = used(&api, &self.connection)?;
        assert_eq!(answer, (503, "PB2003".to_owned()), "{at}: within the lease");
        let heard = usize::from(holder == Holder::DiesAfter);
        assert_eq!(self.calls(from).len(), heard, "{at}: asked within the lease: {:?}", self.calls(from));
        self.nodes.rig.fakes.logins.script.clear();
        self.nodes.advance(LEASE + Duration::from_secs(1))?;
        self.nodes.host_mut(dead)?.restart()
    }

    /// All nodes use what was stored, and nobody asks again.
    fn all_work(&self, at: &str) -> Result<()> {
        for node in 0..NODES {
            let api = self.nodes.tenant_at(node, &self.tenant)?.api;
            let mut last = (0, String::new());
            let works = wait_until("the token at each node", LIMIT, || {
                last = used(&api, &self.connection)?;
                Ok((last.0 == 200).then_some(()))
            });
            works.map_err(|error| Trouble::new(format!("{at}: node {node}: {error}: {last:?}")))?;
        }
        Ok(())
    }
}

/// Uses the credential; status and code.
fn used(api: &Api, connection: &str) -> Result<(u16, String)> {
    let answer = api.post(&format!("/v1/connections/{connection}/identify"), &json!({}))?;
    Ok((answer.status, answer.text_at("/code").unwrap_or_default()))
}
