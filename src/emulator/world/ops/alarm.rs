//! Alarm rules of DIJobs.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::dijob::check_edition;
use crate::emulator::world::object::AlarmRule;
use crate::emulator::world::operation::{
    Context, Operation, PAGE_NUMBER, PAGE_SIZE, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply, fail};
use crate::emulator::world::tables::Sequence;

const METRIC_TYPE: Param = Param::one_of("MetricType", &["Heartbeat", "FailoverCount", "Delay"]);
const RULE_ID: Param = Param::id("DIAlarmRuleId").required();

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateDIAlarmRule",
        Style::Refusing,
        &[
            Param::id("DIJobId").required(),
            METRIC_TYPE.required(),
            Param::json_array("TriggerConditions").required(),
            Param::json_object("NotificationSettings").required(),
            Param::bool("Enabled"),
            Param::text("Description"),
        ],
        create,
    ),
    Operation::write(
        "UpdateDIAlarmRule",
        Style::Refusing,
        &[
            RULE_ID,
            METRIC_TYPE.required(),
            Param::json_array("TriggerConditions").required(),
            Param::json_object("NotificationSettings").required(),
            Param::bool("Enabled"),
            Param::text("Description"),
        ],
        update,
    ),
    Operation::write("DeleteDIAlarmRule", Style::Refusing, &[RULE_ID], delete),
    Operation::read("GetDIAlarmRule", Style::Refusing, &[RULE_ID], get),
    Operation::read(
        "ListDIAlarmRules",
        Style::Refusing,
        &[Param::id("DIJobId").required(), PAGE_NUMBER, PAGE_SIZE],
        list,
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Severity {
    Warning,
    Critical,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct TriggerCondition {
    severity: Severity,
    duration: u64,
    /// A heartbeat is there or not, so it alone has no threshold.
    threshold: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct NotificationSettings {
    notification_channels: Vec<NotificationChannel>,
    #[serde(default)]
    notification_receivers: Vec<NotificationReceiver>,
    #[serde(default, rename = "InhibitionInterval")]
    _inhibition_interval: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct NotificationChannel {
    severity: Severity,
    channels: Vec<Channel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Channel {
    Mail,
    Phone,
    Sms,
    Ding,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct NotificationReceiver {
    receiver_type: ReceiverType,
    receiver_values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum ReceiverType {
    AliyunUid,
    DingToken,
}

impl Channel {
    fn receiver(self) -> ReceiverType {
        match self {
            Self::Mail | Self::Phone | Self::Sms => ReceiverType::AliyunUid,
            Self::Ding => ReceiverType::DingToken,
        }
    }
}

/// The fields of a rule, checked.
fn spec_of(call: &Context<'_>) -> Result<Map<String, Value>, Failure> {
    let args = call.args;
    let metric = args.required("MetricType");
    let conditions = args.json("TriggerConditions").unwrap_or_default();
    let parsed: Vec<TriggerCondition> = serde_json::from_value(conditions.clone())
        .map_err(|_| Refusal::invalid("TriggerConditions"))?;
    let mut severities: Vec<Severity> = Vec::new();
    for condition in &parsed {
        let threshold_missing = metric != "Heartbeat" && condition.threshold.is_none();
        if condition.duration == 0 || threshold_missing || severities.contains(&condition.severity)
        {
            return Err(Refusal::invalid("TriggerConditions").into());
        }
        severities.push(condition.severity);
    }
    let settings = args.json("NotificationSettings").unwrap_or_default();
    let parsed: NotificationSettings = serde_json::from_value(settings.clone())
        .map_err(|_| Refusal::invalid("NotificationSettings"))?;
    let reachable = |channel: &Channel| {
        parsed.notification_receivers.iter().any(|receiver| {
            receiver.receiver_type == channel.receiver() && !receiver.receiver_values.is_empty()
        })
    };
    let channels = &parsed.notification_channels;
    let told = |severity: &Severity| channels.iter().any(|channel| channel.severity == *severity);
    if severities.is_empty()
        || !severities.iter().all(told)
        || !channels
            .iter()
            .flat_map(|channel| &channel.channels)
            .all(reachable)
    {
        return Err(Refusal::invalid("NotificationSettings").into());
    }
    let mut spec = Map::new();
    spec.insert("MetricType".into(), metric.into());
    spec.insert("TriggerConditions".into(), conditions);
    spec.insert("NotificationSettings".into(), settings);
    spec.insert(
        "Enabled".into(),
        args.bool("Enabled").unwrap_or(false).into(),
    );
    spec.insert(
        "Description".into(),
        args.text("Description").unwrap_or_default().into(),
    );
    Ok(spec)
}

fn job_id(call: &Context<'_>) -> Result<u64, Failure> {
    check_edition(call)?;
    let id = call.args.id("DIJobId");
    if call.tables.dijobs.contains_key(&id) {
        Ok(id)
    } else {
        Err(fail(format!("DIJobId:[{id}] is invalid.")))
    }
}

fn rule<'a>(call: &'a Context<'_>) -> Result<&'a AlarmRule, Failure> {
    check_edition(call)?;
    let id = call.args.id("DIAlarmRuleId");
    let found = call.tables.alarm_rules.get(&id);
    found.ok_or_else(|| fail(format!("DIAlarmRuleId:[{id}] is invalid.")))
}

fn create(call: &mut Context<'_>) -> Answer {
    let job_id = job_id(call)?;
    let spec = spec_of(call)?;
    let id = call.tables.next_id(Sequence::AlarmRule);
    let rule = AlarmRule {
        id,
        job_id,
        spec,
        created: call.now,
        updated: call.now,
    };
    call.tables.alarm_rules.insert(id, rule);
    Ok(Reply::new(json!({ "DIAlarmRuleId": id })))
}

fn update(call: &mut Context<'_>) -> Answer {
    let id = rule(call)?.id;
    let (spec, now) = (spec_of(call)?, call.now);
    let rule = call
        .tables
        .alarm_rules
        .edit(&id)
        .expect("the call has found the rule");
    rule.spec = spec;
    rule.updated = now;
    Ok(Reply::new(json!({})))
}

fn delete(call: &mut Context<'_>) -> Answer {
    let id = rule(call)?.id;
    call.tables.alarm_rules.remove(&id);
    Ok(Reply::new(json!({})))
}

fn row(rule: &AlarmRule) -> Value {
    let mut row = json!({ "DIAlarmRuleId": rule.id, "DIJobId": rule.job_id });
    for (name, value) in &rule.spec {
        row[name] = value.clone();
    }
    row
}

fn get(call: &mut Context<'_>) -> Answer {
    let rule = rule(call)?;
    let mut row = row(rule);
    // A list has nothing of this.
    row["CreatedTime"] = rule.created.seconds().into();
    row["UpdatedTime"] = rule.updated.seconds().into();
    row["CreatedUid"] = "1".into();
    row["UpdatedUid"] = "1".into();
    Ok(Reply::new(json!({ "DIAlarmRule": row })))
}

fn list(call: &mut Context<'_>) -> Answer {
    let job_id = job_id(call)?;
    let rules: Vec<&AlarmRule> = call
        .tables
        .alarm_rules
        .values()
        .filter(|rule| rule.job_id == job_id)
        .collect();
    let total = rules.len();
    let (number, size) = call.args.page();
    let rows: Vec<Value> = page_of(rules, (number, size))
        .into_iter()
        .map(row)
        .collect();
    Ok(Reply::new(json!({ "DIAlarmRulePaging": {
        "PageNumber": number, "PageSize": size, "TotalCount": total, "DIJobAlarmRules": rows,
    } })))
}
