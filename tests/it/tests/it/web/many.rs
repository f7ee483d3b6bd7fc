//! Pages that are full: 10,000 connections, 10,000 records.

use patchbay_it::{Database, RigSetup, Stage, Tenant};
use patchbay_test_support::{
    Result,
    fakes::{DeskConfig, FakesConfig},
};
use serde_json::json;

use super::{play, told};

const MANY: u64 = 10_000;

#[test]
fn ten_thousand_connections_and_records_are_quick_and_in_order() -> Result<()> {
    let desk = DeskConfig { clients: MANY, folders: 0 };
    let setup = RigSetup { fakes: Some(FakesConfig { desk, ..FakesConfig::small() }), ..RigSetup::default() };
    play("many", setup, |stage| {
        stage.rig.install_desk()?;
        let tenant = stage.rig.tenant("Kantoor Vermeulen")?;
        let connection = tenant.connect_desk(&stage.rig.fakes.desk, "owner")?;
        tenant.all_read(std::slice::from_ref(&connection))?;
        multiply(stage, &tenant, &connection)?;
        let records = format!("/app/connections/{connection}?tab=data&stream=clients");
        Ok(json!({ "tenant": told(&tenant), "records": records }))
    })
}

/// Copies of a connection, so that there are as many: other accounts, names and days, one in ten of them broken. Written
/// into the file, because connecting as many would take longer than everything else.
fn multiply(stage: &Stage, tenant: &Tenant, connection: &str) -> Result<()> {
    let mut database = Database::open(&stage.rig.host.data_dir().join("patchbay.db"))?;
    let columns = database.rows("SELECT name FROM pragma_table_info('connections')", &[])?;
    let names: Vec<&str> = columns.iter().filter_map(|row| row.first()?.as_str()).collect();
    let values = names.iter().map(|name| match *name {
        // Ids are words of 26 letters and digits behind their kind.
        "id" => "substr(id, 1, 25) || printf('%05d', n)".to_owned(),
        "business_id" | "name" | "business_name" => format!("{name} || printf(' %05d', (n * 7919) % {MANY})"),
        "created_at" | "authorized_at" => format!("{name} - n * 61000000"),
        "state" => "CASE n % 10 WHEN 3 THEN 'broken' ELSE state END".to_owned(),
        "reason_code" => "CASE n % 10 WHEN 3 THEN 'PB2001' END".to_owned(),
        "reason" => "CASE n % 10 WHEN 3 THEN 'The provider no longer accepts the login.' END".to_owned(),
        "identified_at" => "4000000000000000".to_owned(),
        other => other.to_owned(),
    });
    let sql = format!(
        "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < {}) \
         INSERT INTO connections ({}) SELECT {} FROM connections, k WHERE id = ?",
        MANY - 1,
        names.join(", "),
        values.collect::<Vec<_>>().join(", "),
    );
    database.rows(&sql, &[json!(connection)])?;
    let listed = tenant.get("/v1/connections?limit=1")?.json["total"].clone();
    assert_eq!(listed, json!(MANY));
    Ok(())
}
