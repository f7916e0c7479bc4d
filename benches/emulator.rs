//! How many requests a second the emulator answers, by operation: one client on a kept connection, every request
//! signed and verified, every answer durable. Then fifty clients at once, none of which may meet an error.
//!
//! `cargo bench --bench emulator`; `SYNCFORM_BENCH_REQUESTS` sets the requests of each row.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and the environment, and its output is its purpose"
)]

use std::net::SocketAddr;
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Value, json};
use syncform::api::sign;
use syncform::emulator::{Options, Seed, start};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

const SEED: &str = r#"
[[workspace]]
project_id = 10000
name = "bench"
[[resource_group]]
identifier = "S_res_group_1_2"
type = "data_integration"
[[datasource]]
project_id = 10000
name = "rds"
type = "mysql"
[[datasource.database]]
name = "shop"
tables = ["t00", "t01", "t02", "t03", "t04", "t05", "t06", "t07", "t08", "t09"]
[[datasource]]
project_id = 10000
name = "holo_bi"
type = "holo"
[emulator]
polls = 1
wait_reads = 0
kill_reads = 0
"#;

const BASE: [(&str, &str); 2] = [("ProjectId", "10000"), ("TaskType", "DI_REALTIME")];
/// The goal: what a fire drill with thousands of tasks needs.
const GOAL: f64 = 1000.0;
const CALLERS: usize = 50;

/// A caller on a kept connection.
struct Caller {
    name: String,
    sent: u64,
    stream: BufStream<TcpStream>,
}

impl Caller {
    async fn connect(address: SocketAddr, name: &str) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the emulator listens");
        stream.set_nodelay(true).expect("a socket has options");
        Self {
            name: name.to_owned(),
            sent: 0,
            stream: BufStream::new(stream),
        }
    }

    /// One signed call; its `Data`, which must not tell a failure.
    async fn call(&mut self, action: &str, more: &[(&str, &str)]) -> Value {
        self.sent += 1;
        let nonce = format!("{}-{}", self.name, self.sent);
        let time = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut params = vec![
            ("Action", action),
            ("Version", "2020-05-18"),
            ("Format", "JSON"),
            ("AccessKeyId", "testid"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &time),
        ];
        params.extend(BASE);
        params.extend_from_slice(more);
        let text = sign::string_to_sign("POST", params.iter().copied());
        let signature = sign::sign_hmac_sha1("testsecret", &text);
        params.push(("Signature", &signature));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .finish();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        self.stream
            .write_all(head.as_bytes())
            .await
            .expect("the emulator reads");
        self.stream
            .write_all(body.as_bytes())
            .await
            .expect("the emulator reads");
        self.stream.flush().await.expect("the emulator reads");
        let answer = self.receive().await;
        let failed = answer["Success"] != true || answer["Data"]["Status"] == "fail";
        assert!(!failed, "{action}: {answer}");
        answer["Data"].clone()
    }

    async fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream
                .read_line(&mut line)
                .await
                .expect("the emulator answers");
            if let Some(text) = line.strip_prefix("content-length: ") {
                length = text.trim().parse().expect("a length is a number");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream
            .read_exact(&mut body)
            .await
            .expect("the answer is whole");
        serde_json::from_slice(&body).expect("the answer is JSON")
    }

    /// The way to a task; its id.
    async fn create(&mut self, name: &str) -> String {
        let param = task_param(name);
        let generated = self
            .call(
                "GenerateDISyncTaskConfigForCreating",
                &[("TaskParam", &param)],
            )
            .await;
        let process = generated["ProcessId"].to_string();
        let polled = self
            .call(
                "QueryDISyncTaskConfigProcessResult",
                &[("AsyncProcessId", &process)],
            )
            .await;
        let script = polled["TaskContent"]
            .as_str()
            .expect("it is done at the first poll");
        let params = [("TaskContent", script), ("TaskName", name)];
        self.call("CreateDISyncTask", &params).await["FileId"].to_string()
    }
}

fn task_param(name: &str) -> String {
    let tables: Vec<String> = (0..10).map(|table| format!("t0{table}")).collect();
    json!({
        "type": "realtime",
        "version": "1.0",
        "setting": {
            "resourceGroup": "S_res_group_1_2", "taskType": "oneclick_to_holo", "name": name,
        },
        "steps": [
            { "stepType": "mysql", "name": "Reader", "category": "reader", "parameter": {
                "connection": [{ "datasourceType": "mysql", "datasource": "rds", "table": tables }],
            } },
            { "stepType": "holo", "name": "Writer", "category": "writer",
              "parameter": { "datasource": "holo_bi" } },
        ],
    })
    .to_string()
}

/// One row of the report.
fn report(what: &str, requests: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = requests as f64 / seconds;
    let verdict = if rate >= GOAL { "" } else { "  below the goal" };
    println!("{what:<40} {requests:>8} {seconds:>9.2} s {rate:>10.0} /s{verdict}");
}

/// One operation on each of the tasks, or as often as there are tasks.
async fn row(caller: &mut Caller, action: &str, files: &[String], more: &[(&str, &str)]) {
    let started = Instant::now();
    for file in files {
        let mut params = vec![("FileId", file.as_str())];
        params.extend_from_slice(more);
        caller.call(action, &params).await;
    }
    report(action, files.len(), started);
}

async fn one_client(caller: &mut Caller, requests: usize) {
    let mut processes = Vec::new();
    let started = Instant::now();
    for number in 0..requests {
        let param = task_param(&format!("task_{number}"));
        let token = format!("token-{number}");
        let params = [
            ("TaskParam", param.as_str()),
            ("ClientToken", token.as_str()),
        ];
        let generated = caller
            .call("GenerateDISyncTaskConfigForCreating", &params)
            .await;
        processes.push(generated["ProcessId"].to_string());
    }
    report("GenerateDISyncTaskConfigForCreating", requests, started);

    let mut scripts = Vec::new();
    let started = Instant::now();
    for process in &processes {
        let params = [("AsyncProcessId", process.as_str())];
        let polled = caller
            .call("QueryDISyncTaskConfigProcessResult", &params)
            .await;
        scripts.push(polled["TaskContent"].as_str().expect("a script").to_owned());
    }
    report("QueryDISyncTaskConfigProcessResult", requests, started);

    let mut files = Vec::new();
    let started = Instant::now();
    for (number, script) in scripts.iter().enumerate() {
        let name = format!("task_{number}");
        let params = [
            ("TaskContent", script.as_str()),
            ("TaskName", name.as_str()),
        ];
        files.push(caller.call("CreateDISyncTask", &params).await["FileId"].to_string());
    }
    report("CreateDISyncTask", requests, started);

    row(caller, "DeployDISyncTask", &files, &[]).await;
    let start_param = r#"{"failoverLimit":{"count":10,"interval":30}}"#;
    row(
        caller,
        "StartDISyncInstance",
        &files,
        &[("StartParam", start_param)],
    )
    .await;
    row(caller, "GetDISyncInstanceInfo", &files, &[]).await;
    row(caller, "GetDISyncTask", &files, &[]).await;
    row(caller, "ListDataSources", &files, &[]).await;
    row(
        caller,
        "GetDataSourceMeta",
        &files,
        &[("DatasourceName", "rds")],
    )
    .await;
    row(
        caller,
        "ListFiles",
        &files,
        &[("FileTypes", "900"), ("PageSize", "10")],
    )
    .await;
    row(caller, "StopDISyncInstance", &files, &[]).await;
    row(caller, "GetDISyncInstanceInfo", &files, &[]).await;
    row(caller, "TerminateDISyncInstance", &files, &[]).await;
    row(caller, "DeleteDISyncTask", &files, &[]).await;
}

async fn many_clients(address: SocketAddr, requests: usize) {
    let each = (requests / CALLERS).max(1);
    let started = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn(async move {
            let mut caller = Caller::connect(address, &format!("caller-{number}")).await;
            for round in 0..each {
                let id = caller.create(&format!("many_{number}_{round}")).await;
                caller.call("DeployDISyncTask", &[("FileId", &id)]).await;
                caller
                    .call("GetDISyncInstanceInfo", &[("FileId", &id)])
                    .await;
            }
            caller.sent
        });
    }
    let sent: u64 = callers.join_all().await.into_iter().sum();
    let sent = usize::try_from(sent).expect("a count fits");
    report(
        &format!("{CALLERS} clients, create and deploy"),
        sent,
        started,
    );
}

#[tokio::main]
async fn main() {
    let requests = std::env::var("SYNCFORM_BENCH_REQUESTS").ok();
    let requests = requests.and_then(|text| text.parse().ok()).unwrap_or(2000);
    let directory = tempfile::tempdir().expect("a directory for the world");
    let options = Options {
        db: Some(directory.path().join("world.db")),
        seed: Some(Seed::parse(SEED).expect("the seed is sound")),
        ..Options::default()
    };
    let emulator = start(options).await.expect("a loopback port is free");
    println!(
        "{:<40} {:>8} {:>11} {:>13}",
        "operation", "requests", "time", "rate"
    );
    let mut caller = Caller::connect(emulator.address, "one").await;
    one_client(&mut caller, requests).await;
    many_clients(emulator.address, requests).await;
    drop(caller);
    let calls = emulator.calls().await;
    let outcomes = calls
        .operations
        .values()
        .flat_map(|outcomes| outcomes.keys());
    assert!(
        outcomes.into_iter().all(|outcome| outcome == "ok"),
        "{calls:?}"
    );
    println!("{} calls, none of which failed", calls.total);
    emulator.shutdown().await.expect("the world is written");
}
