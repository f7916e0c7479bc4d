//! A seeded storm of requests that no client would send: each gets an answer, and the emulator is well afterwards.
//!
//! `SYNCFORM_FUZZ_REQUESTS` sets how many (a small number by default), `SYNCFORM_FUZZ_SEED` where they begin.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use syncform::api::sign;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::{Api, now};
use crate::support::budget;

const ACTIONS: &[&str] = &[
    "GenerateDISyncTaskConfigForCreating",
    "GenerateDISyncTaskConfigForUpdating",
    "QueryDISyncTaskConfigProcessResult",
    "CreateDISyncTask",
    "UpdateDISyncTask",
    "DeployDISyncTask",
    "StartDISyncInstance",
    "StopDISyncInstance",
    "TerminateDISyncInstance",
    "DeleteDISyncTask",
    "GetDISyncTask",
    "GetDISyncInstanceInfo",
    "CreateDataSource",
    "ImportDataSources",
    "GetDataSourceMeta",
    "ListFiles",
    "GetFile",
    "CreateDIJob",
    "CreateDIAlarmRule",
    "UpdateDIProjectConfig",
    "GetMetaTableColumn",
    "NoSuchThing",
    "",
];

const NAMES: &[&str] = &[
    "ProjectId",
    "TaskType",
    "FileId",
    "TaskId",
    "AsyncProcessId",
    "TaskParam",
    "TaskContent",
    "TaskName",
    "StartParam",
    "ClientToken",
    "Name",
    "DataSourceType",
    "Content",
    "EnvType",
    "DataSources",
    "DatasourceName",
    "PageNumber",
    "PageSize",
    "FileIdIn",
    "TableMappings",
    "TransformationRules",
    "ResourceSettings",
    "NotificationSettings",
    "ProjectConfig",
    "AppGuid",
    "TableGuid",
    "Format",
    "DIJobId",
    "\u{0}",
    "",
];

const VALUES: &[&str] = &[
    "10000",
    "1000001",
    "10",
    "0",
    "-1",
    "99999999999999999999",
    "1e3",
    "DI_REALTIME",
    "DI_SOLUTION",
    "DI_OFFLINE",
    "{}",
    "[]",
    "null",
    "\"x\"",
    "{\"a\":1}",
    "[[[[]]]]",
    "{\"steps\":[{}]}",
    "{\"type\":\"job\",\"version\":\"2.0\",\"steps\":[{\"category\":\"reader\"}]}",
    "{\"type\":\"realtime\",\"version\":\"1.0\",\"setting\":{},\"steps\":[]}",
    "rds",
    "mysql",
    "odps.x.y",
    "odps.",
    "XML",
    "JSON",
    "\u{fffd}",
    "\u{202e}\u{0}\u{7f}",
    "true",
    "",
    "中文~*%+& =",
];

struct Storm {
    rng: ChaCha8Rng,
    time: String,
}

impl Storm {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u64() % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    /// A request: signed most of the time, so that it comes further than the gateway.
    fn request(&mut self, number: &str) -> Vec<u8> {
        let method = self.pick(&["GET", "POST", "PUT", "POST", "POST", "DELETE"]);
        let nonce = format!("fuzz-{number}");
        let time = self.time.clone();
        let mut params: Vec<(String, String)> = [
            ("Action", self.pick(ACTIONS)),
            (
                "Version",
                self.pick(&["2020-05-18", "2020-05-18", "2020-05-18", "2024-05-18", "x"]),
            ),
            ("AccessKeyId", "testid"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
            ("SignatureNonce", &nonce),
            ("Timestamp", &time),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for _ in 0..self.below(12) {
            let (name, mut value) = (self.pick(NAMES), self.pick(VALUES).to_owned());
            if self.one_in(10) {
                value = value.repeat(self.below(300));
            }
            params.push((name.to_owned(), value));
        }
        let pairs = params
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let text = sign::string_to_sign(method, pairs);
        let secret = if self.one_in(20) {
            "guess"
        } else {
            "testsecret"
        };
        params.push(("Signature".to_owned(), sign::sign_hmac_sha1(secret, &text)));
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&params)
            .finish();
        let mut bytes = if self.one_in(3) {
            format!("{method} /?{encoded} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
        } else {
            format!(
                "{method} / HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                 content-length: {}\r\n\r\n{encoded}",
                encoded.len()
            )
            .into_bytes()
        };
        if self.one_in(10) {
            // Some bytes are not what they were.
            for _ in 0..=self.below(8) {
                let place = self.below(bytes.len());
                bytes[place] = self.rng.next_u64().to_le_bytes()[0];
            }
        }
        if self.one_in(20) {
            bytes.truncate(self.below(bytes.len()));
        }
        if self.one_in(40) {
            let length = self.below(2000);
            bytes = (0..length)
                .map(|_| self.rng.next_u64().to_le_bytes()[0])
                .collect();
        }
        bytes
    }
}

/// Sends a request, says that nothing more comes, and reads until the other side has said all.
async fn exchange(api: &Api, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(api.running.address).await.unwrap();
    // A side that has heard enough may close before it has read everything.
    let sent = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    if sent.is_ok() {
        let mut buffer = [0; 16 * 1024];
        let mut closed = false;
        loop {
            let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n");
            if head_end.is_some() && !closed {
                closed = true;
                drop(stream.shutdown().await);
            }
            let wait = if head_end.is_some() { 10_000 } else { 100 };
            match tokio::time::timeout(Duration::from_millis(wait), stream.read(&mut buffer)).await
            {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(read)) => answer.extend_from_slice(&buffer[..read]),
                // Nothing came because the request is not whole: that is as far as it goes.
                Err(_) if !closed => {
                    closed = true;
                    drop(stream.shutdown().await);
                }
                Err(_) => panic!("an answer that never ends to {}", bytes.escape_ascii()),
            }
        }
    }
    answer
}

/// So many callers storm at once.
const LANES: u64 = 8;

/// One caller's share of the storm; how many of its requests were answered.
async fn storm(api: Arc<Api>, seed: u64, lane: u64, requests: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(lane);
    let mut storm = Storm { rng, time: now() };
    let mut answered = 0;
    for request in 0..requests {
        if request % 1000 == 0 {
            storm.time = now();
        }
        let bytes = storm.request(&format!("{lane}-{request}"));
        let answer = exchange(&api, &bytes).await;
        if answer.is_empty() {
            continue;
        }
        answered += 1;
        let head = String::from_utf8_lossy(&answer[..answer.len().min(64)]).into_owned();
        let status: u16 = head
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
        let fine = matches!(status, 200 | 400..=499);
        assert!(
            fine,
            "seed {seed}, {lane}-{request}: {head} to {}",
            bytes.escape_ascii()
        );
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_gets_an_end_and_the_emulator_survives_it() {
    let requests = budget("SYNCFORM_FUZZ_REQUESTS", 400);
    let seed = budget("SYNCFORM_FUZZ_SEED", 0);
    let api = Arc::new(Api::start(&[]).await);
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(storm(Arc::clone(&api), seed, lane, requests / LANES));
    }
    let answered: u64 = lanes.join_all().await.into_iter().sum();
    assert!(answered * 10 > requests * 8, "{answered} of {requests}");
    api.ok("ListDataSources", &[("ProjectId", "10000")]).await;
}
