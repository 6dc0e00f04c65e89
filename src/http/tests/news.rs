//! What networks are told of listings inside their prefixes: nothing is lost, whatever else happens meanwhile.

use super::{Server, networks};
use crate::cases::Task;
use serde_json::{Value, json};

impl Server {
    /// A network for 203.0.113.0/24 with a webhook.
    async fn with_hook(self) -> Self {
        networks::network(&self).await;
        let hook = r#"{"webhook":"https://hooks.example.org/x"}"#;
        self.call("PATCH", "/api/v1/networks/isp", hook).await.ok();
        self
    }

    async fn lists(&self, list: &str, key: &str) {
        self.post(list, &json!({"key": key, "source": "tester"})).await.ok();
    }

    /// What the webhook was told so far, as `LIST KEY`.
    fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        for due in self.desk.due_errands(1_000).unwrap() {
            let Task::Webhook { body, .. } = due.errand.task else { continue };
            let body: Value = serde_json::from_str(&body).unwrap();
            let keys = body["keys"].as_array().map_or(&[][..], Vec::as_slice);
            told.extend(keys.iter().map(|key| format!("{} {}", body["list"].as_str().unwrap(), key.as_str().unwrap())));
        }
        told.sort();
        told
    }
}

/// The row that says how far was told was only made by the round after the next commit, which it swallowed.
#[tokio::test]
async fn the_first_listing_after_the_first_network_is_told() {
    let server = Server::start();
    server.lists("relay", "203.0.113.8").await;
    let server = server.with_hook().await;
    server.lists("relay", "203.0.113.9").await;
    server.desk.upkeep().await.unwrap();
    assert_eq!(server.told(), ["relay 203.0.113.9"]);
}
