//! The records that every test begins with: two companies of one person, archived records, many records of one second,
//! and records of a company that the person does not belong to.

use serde_json::{Value, json};

use super::{
    data::{Data, Row, written},
    model,
};
use crate::seed;

const NAMES: [&str; 8] = [
    "Bakkerij De Molen",
    "Garage Peeters & Zonen",
    "Apotheek D'Hondt",
    "Café \"Het Anker\"",
    "Müller GmbH",
    "Éclair SPRL",
    "Van den Bossche BV",
    "日本商事",
];
const CITIES: [&str; 4] = ["Gent", "Antwerpen", "Liège", "Brugge"];
const HOUR: i64 = 3_600_000_000;

/// The database of a seed, with dates before this moment (microseconds).
pub(super) fn seeded(start: u64, version: u16, now: i64) -> Data {
    let mut data = Data { version, ..Data::default() };
    // Between seconds, where older versions look and nobody sees.
    let begin = now - 40 * 24 * HOUR - now.rem_euclid(1_000_000) + 123_456;
    for (id, name, vat) in
        [(1, "Acme Boekhouding BV", "BE0123456749"), (3, "Acme Advies NV", "BE0987654321"), (4, "Andere NV", "")]
    {
        data.begin_at("res.company", id);
        let vat = if vat.is_empty() { json!(false) } else { json!(vat) };
        put(&mut data, "res.company", begin, json!({ "name": name, "vat": vat, "currency_id": 1, "country_id": 20 }));
    }
    for (id, name, login, companies, partner) in
        [(6, "Lotte Janssens", super::LOGIN, vec![1, 3], 42), (7, "Robbe Lezer", super::READER, vec![1], 43)]
    {
        data.begin_at("res.users", id);
        let user = json!({
            "name": name, "login": login, "email": login, "company_id": 1, "company_ids": companies,
            "partner_id": partner, "tz": "Europe/Brussels",
        });
        put(&mut data, "res.users", begin, user);
    }
    for (title, name) in model::all() {
        put(&mut data, "ir.model", begin, json!({ "model": title, "name": name }));
    }
    partners(&mut data, start, begin);
    work(&mut data, start, begin);
    contracts(&mut data, begin);
    data.begin_at("mail.message", 55_821);
    data.begin_at("mail.activity", 901);
    data.begin_at("ir.attachment", 2_204);
    data
}

fn partners(data: &mut Data, start: u64, begin: i64) {
    data.begin_at("res.partner", 40);
    for at in 0..30_i64 {
        let dice = dice(start, "partner", at);
        let name = format!("{} {at}", seed::pick(&NAMES, dice));
        let mut partner = json!({
            "name": name, "is_company": at % 3 == 0, "email": format!("p{at}@klant.example"), "zip": "9000",
            "city": seed::pick(&CITIES, dice / 8), "country_id": 20,
        });
        match at % 5 {
            0 => add(&mut partner, "company_id", json!(1)),
            1 => add(&mut partner, "company_id", json!(3)),
            2 => add(&mut partner, "phone", json!("+32 9 000 00 00")),
            3 => add(&mut partner, "vat", json!("BE0555555555")),
            // Of a company that nobody here belongs to.
            _ if at == 29 => add(&mut partner, "company_id", json!(4)),
            _ => add(&mut partner, "street", json!("Kouter 1")),
        }
        if at % 11 == 7 {
            add(&mut partner, "active", json!(false));
        }
        if at % 3 == 1 {
            add(&mut partner, "parent_id", json!(40 + at - 1));
        }
        // An address below a company needs no name.
        if at == 28 {
            add(&mut partner, "name", json!(false));
        }
        // Nineteen of one import have one write_date, and it lies inside of a page.
        let written = if (3..22).contains(&at) { begin + 5 * HOUR } else { begin + at * HOUR };
        put(data, "res.partner", written, partner);
    }
}

fn work(data: &mut Data, start: u64, begin: i64) {
    data.begin_at("crm.lead", 901);
    data.begin_at("project.project", 4);
    data.begin_at("calendar.event", 301);
    data.begin_at("project.task", 1_101);
    data.begin_at("account.move", 501);
    for at in 0..16_i64 {
        let dice = dice(start, "work", at);
        let name = seed::pick(&NAMES, dice);
        let (partner, when) = (40 + at, begin + (40 + at * 7) * HOUR);
        let company = if at % 4 == 3 { 3 } else { 1 };
        let kind = if at % 2 == 0 { "opportunity" } else { "lead" };
        put(
            data,
            "crm.lead",
            when,
            json!({
                "name": format!("Offerte {name} {at}"), "type": kind, "partner_id": partner, "stage_id": 1 + at % 2,
                "user_id": 6, "team_id": 1, "probability": 12.5, "expected_revenue": 1_000.0 * at as f64,
                "email_from": format!("lead{at}@klant.example"), "company_id": company,
            }),
        );
        put(
            data,
            "project.project",
            when,
            json!({
                "name": format!("Dossier {name} {at}"), "partner_id": partner, "user_id": 6, "company_id": company,
            }),
        );
        let day = written(begin + at * 24 * HOUR);
        let day = day.get(..10).unwrap_or_default();
        put(
            data,
            "calendar.event",
            when,
            json!({
                "name": format!("Jaargesprek {name} {at}"), "start": format!("{day} 09:00:00"),
                "stop": format!("{day} 10:00:00"), "duration": 1.0, "location": "Gent",
                "description": "<p>Balans 2025 &amp; plannen</p>", "user_id": 6, "partner_ids": [partner, 42],
                "privacy": "public", "show_as": "busy",
            }),
        );
        let mut task = json!({
            "name": format!("BTW-aangifte {name} {at}"), "project_id": 4 + at, "stage_id": 1, "partner_id": partner,
            "description": format!("<p>{}</p>", seed::pick(&NAMES, dice / 3)), "priority": "0", "company_id": company,
        });
        match data.version {
            ..=14 => add(&mut task, "user_id", json!(6)),
            _ => add(&mut task, "user_ids", json!([6])),
        }
        match data.version {
            ..=16 => {
                add(&mut task, "kanban_state", json!("normal"));
                add(&mut task, "date_deadline", json!(day));
            }
            _ => {
                add(&mut task, "state", json!("01_in_progress"));
                add(&mut task, "date_deadline", json!(format!("{day} 16:00:00")));
            }
        }
        // A to-do of one person lies in no project.
        if at == 15 {
            add(&mut task, "project_id", json!(false));
        }
        put(data, "project.task", when, task);
        put(
            data,
            "account.move",
            when,
            json!({
                "name": format!("INV/2026/{at:05}"), "move_type": "out_invoice", "state": "posted",
                "payment_state": "not_paid", "partner_id": partner, "invoice_date": day, "amount_untaxed": 100.0,
                "amount_tax": 21.0, "amount_total": 121.0, "amount_residual": 121.0, "currency_id": 1,
                "company_id": company,
            }),
        );
    }
}

fn contracts(data: &mut Data, begin: i64) {
    for at in 0..14_i64 {
        put(data, "x_tag", begin, json!({ "x_name": format!("Tag {at}"), "x_color": at }));
        put(
            data,
            "x_contract",
            begin + at * 24 * HOUR,
            json!({
                "x_name": format!("Contract {at}"), "x_partner_id": 40 + at, "x_amount": 12.5, "x_signed": at % 2 == 0,
                "x_kind": "yearly", "x_tags": [1 + at],
            }),
        );
    }
}

fn put(data: &mut Data, model: &str, at: i64, values: Value) {
    let Value::Object(values) = values else { return };
    // What is empty is left out; of `active` false means something.
    let values = values.into_iter().filter(|(name, value)| name == "active" || *value != json!(false)).collect();
    data.insert(model, Row { values, created: at, written: at });
}

fn add(record: &mut Value, name: &str, value: Value) {
    if let Some(members) = record.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

fn dice(start: u64, label: &str, at: i64) -> usize {
    usize::try_from(seed::number(start, &format!("{label}/{at}")) % 10_000).unwrap_or_default()
}
