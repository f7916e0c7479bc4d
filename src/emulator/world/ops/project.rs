//! Workspaces and resource groups.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::datasource::long_date;
use crate::emulator::world::object::{GroupKind, Mode, ResourceGroup, Workspace};
use crate::emulator::world::operation::{
    Context, Operation, PAGE_NUMBER, PAGE_SIZE, PROJECT_ID, Param, Style, page_of,
};
use crate::emulator::world::request::{Answer, Failure, Refusal, Reply};
use crate::emulator::world::tables::Sequence;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::read(
        "ListProjects",
        Style::Refusing,
        &[
            Param::integer("PageNumber", 1, 100),
            PAGE_SIZE,
            Param::text("ResourceManagerResourceGroupId"),
        ],
        list_projects,
    ),
    Operation::read(
        "GetProject",
        Style::Refusing,
        &[PROJECT_ID, Param::text("ProjectIdentifier")],
        get_project,
    ),
    Operation::write(
        "CreateProject",
        Style::Refusing,
        &[
            Param::text("ProjectIdentifier").required(),
            Param::text("ProjectName").required(),
            Param::integer("ProjectMode", 2, 3),
            Param::text("ProjectDescription"),
            Param::integer("IsAllowDownload", 0, 1),
            Param::bool("DisableDevelopment"),
            Param::text("ResourceManagerResourceGroupId"),
        ],
        create_project,
    )
    .with_token(),
    Operation::read(
        "ListResourceGroups",
        Style::Refusing,
        &[
            Param::integer("ResourceGroupType", 0, 9),
            Param::one_of("BizExtKey", &["default", "single"]),
            Param::text("Keyword"),
            PAGE_NUMBER,
        ],
        list_resource_groups,
    ),
];

fn list_projects(call: &mut Context<'_>) -> Answer {
    // The emulator keeps no resource-manager groups, so none of its workspaces is in one.
    let grouped = call.args.text("ResourceManagerResourceGroupId").is_some();
    let all: Vec<&Workspace> = call
        .tables
        .workspaces
        .values()
        .filter(|_| !grouped)
        .collect();
    let total = all.len();
    let (number, size) = call.args.page();
    let page: Vec<Value> = page_of(all, (number, size))
        .into_iter()
        .map(list_row)
        .collect();
    Ok(Reply::new(json!({
        "PageResult": {
            "PageNumber": number, "PageSize": size, "TotalCount": total, "ProjectList": page,
        },
    })))
}

fn list_row(workspace: &Workspace) -> Value {
    json!({
        "ProjectId": workspace.project_id,
        "ProjectIdentifier": workspace.name,
        "ProjectName": workspace.display_name,
        "ProjectDescription": workspace.description,
        "ProjectStatus": 0,
        "ProjectStatusCode": "AVAILABLE",
        "ProjectOwnerBaseId": "1",
        "IsDefault": 0,
        "DisableDevelopment": false,
        "TablePrivacyMode": 1,
        "UseProxyOdpsAccount": false,
        "Tags": [],
    })
}

fn get_project(call: &mut Context<'_>) -> Answer {
    let args = call.args;
    let found = match (args.integer("ProjectId"), args.text("ProjectIdentifier")) {
        (None, None) => return Err(Refusal::missing("ProjectId").into()),
        (id, name) => call.tables.workspaces.values().find(|workspace| {
            id.is_none_or(|id| workspace.project_id == id)
                && name.is_none_or(|name| workspace.name == name)
        }),
    };
    let workspace = found.ok_or_else(Refusal::forbidden)?;
    let (mode, envs) = match workspace.mode {
        Mode::Basic => (2, json!(["PROD"])),
        Mode::Standard => (3, json!(["DEV", "PROD"])),
    };
    Ok(Reply::new(json!({
        "Success": true,
        "HttpStatusCode": 200,
        "Data": {
            "ProjectId": workspace.project_id,
            "ProjectIdentifier": workspace.name,
            "ProjectName": workspace.display_name,
            "ProjectDescription": workspace.description,
            "ProjectMode": mode,
            "EnvTypes": envs,
            "Status": 0,
            "DefaultDiResourceGroupIdentifier": default_group(call),
            "GmtCreate": long_date(workspace.created),
        },
    })))
}

fn default_group(call: &Context<'_>) -> Option<String> {
    let groups = call.tables.resource_groups.values();
    groups
        .filter(|group| group.kind == GroupKind::DataIntegration)
        .map(|group| group.identifier.clone())
        .next()
}

fn create_project(call: &mut Context<'_>) -> Answer {
    let name = call.args.required("ProjectIdentifier");
    let starts_well = name.starts_with(|one: char| one.is_ascii_alphanumeric());
    if !starts_well
        || !name
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || one == '_')
    {
        return Err(Refusal::invalid("ProjectIdentifier").into());
    }
    if call
        .tables
        .workspaces
        .values()
        .any(|workspace| workspace.name == name)
    {
        return Err(Failure::Refused(Refusal::new(
            400,
            "Invalid.Project.NameExisted",
            format!("The workspace {name} already exists."),
        )));
    }
    let project_id = loop {
        let id = call.tables.next_id(Sequence::Project);
        if !call.tables.workspaces.contains_key(&id) {
            break id;
        }
    };
    let workspace = Workspace {
        project_id,
        name: name.to_owned(),
        display_name: call.args.required("ProjectName").to_owned(),
        description: call
            .args
            .text("ProjectDescription")
            .unwrap_or_default()
            .to_owned(),
        mode: if call.args.integer("ProjectMode") == Some(3) {
            Mode::Standard
        } else {
            Mode::Basic
        },
        workflows: BTreeSet::new(),
        created: call.now,
    };
    call.tables.workspaces.insert(project_id, workspace);
    Ok(Reply::new(
        json!({ "Success": true, "HttpStatusCode": 200, "Data": project_id }),
    ))
}

/// `ResourceGroupType` of a kind of group.
fn type_number(kind: GroupKind) -> u64 {
    match kind {
        GroupKind::Scheduling => 1,
        GroupKind::DataIntegration => 4,
    }
}

fn list_resource_groups(call: &mut Context<'_>) -> Answer {
    let wanted = call.args.integer("ResourceGroupType").unwrap_or(1);
    let keyword = call.args.text("Keyword").unwrap_or_default();
    // `default` are the shared groups of the service, of which the emulator has none.
    let shared = call.args.text("BizExtKey") == Some("default");
    let groups: Vec<Value> = call
        .tables
        .resource_groups
        .values()
        .filter(|group| type_number(group.kind) == wanted && !shared)
        .filter(|group| group.name.contains(keyword) || group.identifier.contains(keyword))
        .map(group_row)
        .collect();
    Ok(Reply::new(
        json!({ "Success": true, "HttpStatusCode": 200, "Data": groups }),
    ))
}

fn group_row(group: &ResourceGroup) -> Value {
    json!({
        "Id": group.id,
        "Identifier": group.identifier,
        "Name": group.name,
        "Mode": "ISOLATE",
        "Status": 0,
        "ResourceGroupType": type_number(group.kind).to_string(),
        "IsDefault": false,
        "Specs": {},
        "Cluster": "AY18G",
        "BizExtKey": "single",
        "Sequence": 1,
        "TenantId": 1,
        "CreateTime": long_date(group.created),
        "UpdateTime": long_date(group.created),
    })
}
