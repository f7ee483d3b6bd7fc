//! Regions, and addresses of customers' own: granted by the operator, judged like any other.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use patchbay_egress::{EgressConfig, ExchangeError, Gate, Grant, SendError};
use patchbay_model::{CustomerOrigins, manifest::Host};

use crate::support::{Certificate, Fake, Names, Reply, bare_door, clock, get, host, ok};

/// A fake behind TLS at `odoo.example`, and a gate that finds it.
async fn odoo(allow_private: bool, ports: &[u16]) -> (Fake, Arc<Gate>) {
    let certificate = Certificate::for_name("odoo.example");
    let fake = Fake::tls(&certificate, |_, _| std::future::ready(Reply::Bytes(ok("hello")))).await;
    let names = Names::default();
    names.say("odoo.example", &[&["127.0.0.1"]]);
    let config = EgressConfig {
        allow_private: if allow_private { vec![fake.address.to_string()] } else { Vec::new() },
        extra_ca: vec![certificate.authority.clone()],
        allowed_ports: ports.to_vec(),
        ..EgressConfig::default()
    };
    (fake, Gate::build_with(config, clock(), Arc::new(names)).expect("a gate"))
}

fn grant(entered: &str, grants: CustomerOrigins, ports: &[u16]) -> Grant {
    Grant {
        hosts: vec![Host { ports: ports.to_vec(), ..host("{base}", &[]) }],
        placeholders: BTreeMap::from([("base".to_owned(), entered.to_owned())]),
        customer_origins: grants,
        ..Grant::default()
    }
}

#[tokio::test]
async fn an_address_of_a_customers_own_is_reached_only_where_the_operator_grants_it() {
    let (fake, gate) = odoo(true, &[]).await;
    let port = fake.address.port();
    let origin = format!("https://odoo.example:{port}");
    let listed = |text: &str| CustomerOrigins::Listed(vec![text.to_owned()]);
    for (grants, ports, teaches) in [
        (CustomerOrigins::None, vec![port], "the operator grants this connector no addresses of customers' own"),
        (listed("https://odoo.example"), vec![port], "the operator adds it to the connector's grant"),
        (CustomerOrigins::AnyPublic, vec![], "ports = [… "),
        (listed(&origin), vec![], "egress.allowed_ports = [… "),
    ] {
        let sent = bare_door(&gate, grant(&origin, grants, &ports)).send(get(&origin)).await;
        assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains(teaches)), "{teaches}: {sent:?}");
    }
    // Another address than the one that was entered is none of this connection's.
    let other = grant("https://elsewhere.example", CustomerOrigins::AnyPublic, &[port]);
    let sent = bare_door(&gate, other).send(get(&origin)).await;
    assert!(matches!(&sent, Err(SendError::Denied(text)) if text.contains("only the one of {base}")), "{sent:?}");
    assert_eq!(fake.accepted(), 0);
    for grants in [CustomerOrigins::AnyPublic, listed(&origin)] {
        let sent = bare_door(&gate, grant(&origin, grants, &[port])).send(get(&format!("{origin}/web"))).await;
        assert_eq!(sent.expect("an answer").body, b"hello");
    }
}

#[tokio::test]
async fn a_customers_own_address_that_leads_inside_is_denied_whatever_is_granted() {
    let (fake, gate) = odoo(false, &[]).await;
    let port = fake.address.port();
    let origin = format!("https://odoo.example:{port}");
    for grants in [CustomerOrigins::AnyPublic, CustomerOrigins::Listed(vec![origin.clone()])] {
        let sent = bare_door(&gate, grant(&origin, grants, &[port])).send(get(&origin)).await;
        let text = "egress.allow_private";
        assert!(matches!(&sent, Err(SendError::Denied(reason)) if reason.contains(text)), "{sent:?}");
    }
    let request = http::Request::get(&origin).body(Bytes::new()).expect("a request");
    let sent = gate.exchange_at(request, &[port]).await;
    assert!(matches!(&sent, Err(ExchangeError::Denied(reason)) if reason.contains("allow_private")), "{sent:?}");
    assert_eq!(fake.accepted(), 0);
}

#[tokio::test]
async fn an_address_that_a_tenant_enters_leads_to_nothing_that_was_opened_for_connectors() {
    let (fake, gate) = odoo(true, &[]).await;
    let origin = "https://odoo.example";
    let request = || http::Request::post(origin).body(Bytes::new()).expect("a request");
    let sent = gate.exchange_public(request()).await;
    assert!(matches!(&sent, Err(ExchangeError::Denied(_))), "{sent:?}");
    assert_eq!(fake.accepted(), 0);
    let port = fake.address.port();
    let own = http::Request::get(format!("{origin}:{port}")).body(Bytes::new()).expect("a request");
    assert!(gate.exchange_at(own, &[port]).await.is_ok(), "a login goes there");
}

#[tokio::test]
async fn a_login_at_a_customers_own_address_may_use_its_hosts_ports_and_no_other() {
    let (fake, gate) = odoo(true, &[]).await;
    let port = fake.address.port();
    let request = || http::Request::post(format!("https://odoo.example:{port}/login")).body(Bytes::new()).expect("one");
    let teaches = format!("egress.allowed_ports = [{port}]");
    for refused in [gate.exchange(request()).await, gate.exchange_at(request(), &[port ^ 1]).await] {
        assert!(matches!(&refused, Err(ExchangeError::Denied(text)) if text.contains(&teaches)), "{refused:?}");
    }
    assert_eq!(fake.accepted(), 0);
    assert_eq!(gate.exchange_at(request(), &[8069, port]).await.expect("an answer").body(), "hello");
    let literal = http::Request::get(format!("https://127.0.0.1:{port}/")).body(Bytes::new()).expect("one");
    assert!(matches!(gate.exchange_at(literal, &[port]).await, Err(ExchangeError::Denied(_))));
}

#[tokio::test]
async fn a_region_leads_to_its_own_host_and_to_no_other() {
    let (fake, gate) = odoo(true, &[]).await;
    let port = fake.address.port();
    let region = |api: &str| Grant {
        hosts: vec![host(&format!("https://{{region.api}}:{port}"), &[])],
        placeholders: BTreeMap::from([("region.api".to_owned(), api.to_owned())]),
        ..Grant::default()
    };
    let url = format!("https://odoo.example:{port}/x");
    for api in ["eu.odoo.example", "ODOO.example", "odoo.example/", "u@odoo.example", ""] {
        let sent = bare_door(&gate, region(api)).send(get(&url)).await;
        assert!(matches!(sent, Err(SendError::Denied(_))), "{api}: {sent:?}");
    }
    assert_eq!(fake.accepted(), 0);
    assert_eq!(bare_door(&gate, region("odoo.example")).send(get(&url)).await.expect("an answer").status, 200);
}
