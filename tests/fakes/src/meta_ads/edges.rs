//! The lists of an ad account: how they are called, and the fields that each of them knows (sheet 5).

/// A list of an ad account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// `campaigns`
    Campaigns,
    /// `adsets`
    AdSets,
    /// `ads`
    Ads,
    /// `adcreatives`: nobody says when one of them changed.
    Creatives,
}

const CAMPAIGN: [&str; 18] = [
    "id",
    "account_id",
    "name",
    "objective",
    "status",
    "configured_status",
    "effective_status",
    "buying_type",
    "bid_strategy",
    "daily_budget",
    "lifetime_budget",
    "budget_remaining",
    "spend_cap",
    "special_ad_categories",
    "start_time",
    "stop_time",
    "created_time",
    "updated_time",
];
/// Without what only campaigns have: the provider refuses it here.
const AD_SET: [&str; 18] = [
    "id",
    "account_id",
    "campaign_id",
    "name",
    "status",
    "configured_status",
    "effective_status",
    "bid_strategy",
    "bid_amount",
    "billing_event",
    "optimization_goal",
    "daily_budget",
    "lifetime_budget",
    "budget_remaining",
    "start_time",
    "end_time",
    "created_time",
    "updated_time",
];
const AD: [&str; 13] = [
    "id",
    "account_id",
    "campaign_id",
    "adset_id",
    "adset",
    "name",
    "status",
    "configured_status",
    "effective_status",
    "creative",
    "bid_amount",
    "created_time",
    "updated_time",
];
const CREATIVE: [&str; 18] = [
    "id",
    "account_id",
    "name",
    "status",
    "title",
    "body",
    "object_type",
    "image_hash",
    "image_url",
    "thumbnail_url",
    "call_to_action_type",
    "link_url",
    "object_story_id",
    "effective_object_story_id",
    "url_tags",
    "video_id",
    "actor_id",
    "instagram_permalink_url",
];

impl Edge {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Campaigns, Self::AdSets, Self::Ads, Self::Creatives];

    /// As the path says it.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Campaigns => "campaigns",
            Self::AdSets => "adsets",
            Self::Ads => "ads",
            Self::Creatives => "adcreatives",
        }
    }

    pub(super) fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edge| edge.path() == path)
    }

    /// What the fields of a filter begin with, which is what one of its objects is called.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Campaigns => "campaign",
            Self::AdSets => "adset",
            Self::Ads => "ad",
            Self::Creatives => "adcreative",
        }
    }

    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Campaigns => &CAMPAIGN,
            Self::AdSets => &AD_SET,
            Self::Ads => &AD,
            Self::Creatives => &CREATIVE,
        }
    }

    /// The digit of its ids.
    pub(super) fn digit(self) -> u8 {
        match self {
            Self::Campaigns => 1,
            Self::AdSets => 2,
            Self::Ads => 3,
            Self::Creatives => 4,
        }
    }
}
