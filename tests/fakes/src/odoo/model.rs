//! Which models there are and which fields each has, by version.
//!
//! A field is written `name:type`, with `=model` for a relation and `@15..` or `@..16` for the versions that have it. Every
//! stored model has the log fields besides (sheet 5).

/// A field of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// As `fields_get` says it.
    pub(super) kind: &'static str,
    /// The model that it leads to; empty for none.
    pub(super) relation: &'static str,
}

/// What every stored model has.
const LOG: &str = "id:integer display_name:char create_date:datetime create_uid:many2one=res.users \
    write_date:datetime write_uid:many2one=res.users";

const MODELS: [(&str, &str, &str); 14] = [
    (
        "res.partner",
        "Contact",
        "name:char is_company:boolean parent_id:many2one=res.partner email:char phone:char mobile:char@..17 vat:char \
         street:char zip:char city:char country_id:many2one=res.country company_id:many2one=res.company active:boolean",
    ),
    (
        "crm.lead",
        "Lead",
        "name:char type:selection partner_id:many2one=res.partner contact_name:char email_from:char phone:char \
         stage_id:many2one=crm.stage user_id:many2one=res.users team_id:many2one=crm.team probability:float \
         expected_revenue:monetary date_deadline:date description:html company_id:many2one=res.company active:boolean",
    ),
    (
        "calendar.event",
        "Calendar Event",
        "name:char start:datetime stop:datetime allday:boolean start_date:date stop_date:date duration:float \
         location:char videocall_location:char description:html user_id:many2one=res.users \
         partner_ids:many2many=res.partner attendee_ids:one2many=calendar.attendee privacy:selection \
         show_as:selection res_model:char res_id:integer recurrency:boolean recurrence_id:many2one=calendar.recurrence \
         active:boolean",
    ),
    (
        "project.project",
        "Project",
        "name:char partner_id:many2one=res.partner user_id:many2one=res.users company_id:many2one=res.company \
         active:boolean",
    ),
    (
        "project.task",
        "Task",
        "name:char description:html project_id:many2one=project.project stage_id:many2one=project.task.type \
         state:selection@17.. kanban_state:selection@..16 priority:selection user_ids:many2many=res.users@15.. \
         user_id:many2one=res.users@..14 partner_id:many2one=res.partner date_deadline:date@..16 \
         date_deadline:datetime@17.. tag_ids:many2many=project.tags parent_id:many2one=project.task \
         date_last_stage_update:datetime company_id:many2one=res.company active:boolean",
    ),
    (
        "account.move",
        "Journal Entry",
        "name:char move_type:selection state:selection payment_state:selection partner_id:many2one=res.partner \
         invoice_date:date invoice_date_due:date amount_untaxed:monetary amount_tax:monetary amount_total:monetary \
         amount_residual:monetary currency_id:many2one=res.currency company_id:many2one=res.company",
    ),
    (
        "res.company",
        "Companies",
        "name:char vat:char currency_id:many2one=res.currency country_id:many2one=res.country",
    ),
    (
        "res.users",
        "User",
        "name:char login:char email:char company_id:many2one=res.company company_ids:many2many=res.company \
         partner_id:many2one=res.partner tz:char active:boolean",
    ),
    (
        "mail.activity",
        "Activity",
        "res_model:char res_id:integer res_name:char activity_type_id:many2one=mail.activity.type summary:char \
         note:html date_deadline:date user_id:many2one=res.users state:selection",
    ),
    (
        "mail.message",
        "Message",
        "model:char res_id:integer body:html message_type:selection subtype_id:many2one=mail.message.subtype \
         author_id:many2one=res.partner date:datetime attachment_ids:many2many=ir.attachment",
    ),
    ("ir.attachment", "Attachment", "name:char datas:binary mimetype:char res_model:char res_id:integer checksum:char"),
    ("ir.model", "Models", "model:char name:char"),
    // Made in the customer's own database; every such model begins with x_.
    (
        "x_contract",
        "Contract",
        "x_name:char x_partner_id:many2one=res.partner x_amount:float x_signed:boolean x_ends:date x_kind:selection \
         x_tags:many2many=x_tag x_scan:binary",
    ),
    ("x_tag", "Contract Tag", "x_name:char x_color:integer"),
];

/// Models with a chatter: messages, activities.
const CHATTER: [&str; 7] =
    ["res.partner", "crm.lead", "calendar.event", "project.project", "project.task", "account.move", "x_contract"];

/// Names of all models, with what people call them.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    MODELS.iter().map(|(model, title, _)| (*model, *title))
}

pub(super) fn title(model: &str) -> &'static str {
    MODELS.iter().find(|(name, ..)| *name == model).map_or("Unknown", |(_, title, _)| title)
}

pub(super) fn has_chatter(model: &str) -> bool {
    CHATTER.contains(&model)
}

/// The fields of a model in a version; none when there is no such model.
pub(super) fn fields(model: &str, version: u16) -> Option<Vec<Field>> {
    let (_, _, own) = MODELS.iter().find(|(name, ..)| *name == model)?;
    Some(LOG.split_whitespace().chain(own.split_whitespace()).filter_map(|text| field(text, version)).collect())
}

/// None when the version does not have it.
fn field(text: &'static str, version: u16) -> Option<Field> {
    let (text, versions) = text.split_once('@').unwrap_or((text, ".."));
    let (from, to) = versions.split_once("..").unwrap_or_default();
    let (from, to) = (from.parse().unwrap_or(0), to.parse().unwrap_or(u16::MAX));
    let (name, kind) = text.split_once(':').unwrap_or((text, "char"));
    let (kind, relation) = kind.split_once('=').unwrap_or((kind, ""));
    (from <= version && version <= to).then_some(Field { name, kind, relation })
}

/// The values of a selection.
pub(super) fn selection(model: &str, field: &str, version: u16) -> &'static [&'static str] {
    match (model, field) {
        ("crm.lead", "type") => &["lead", "opportunity"],
        ("project.task", "priority") if version >= 19 => &["0", "1", "2", "3"],
        ("project.task", "priority") => &["0", "1"],
        ("project.task", "state") => {
            &["01_in_progress", "02_changes_requested", "03_approved", "1_done", "1_canceled", "04_waiting_normal"]
        }
        ("project.task", "kanban_state") => &["normal", "done", "blocked"],
        ("account.move", "move_type") => &["out_invoice", "out_refund", "in_invoice", "in_refund", "entry"],
        ("account.move", "state") => &["draft", "posted", "cancel"],
        ("account.move", "payment_state") => &["not_paid", "in_payment", "paid", "partial", "reversed"],
        ("calendar.event", "privacy") => &["public", "private", "confidential"],
        ("calendar.event", "show_as") => &["busy", "free"],
        ("mail.activity", "state") => &["overdue", "today", "planned"],
        ("mail.message", "message_type") => &["comment", "notification"],
        ("x_contract", "x_kind") => &["yearly", "monthly"],
        _ => &[],
    }
}
