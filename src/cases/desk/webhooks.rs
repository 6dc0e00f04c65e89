//! What a network is told by its webhook: requests in its ranges, as they move.
//!
//! Guarantees: it is told in the commit of the move, so at least once; what it is told holds no contact, note or secret.
//! Never: calls anybody; `mail` does.

use super::Sitting;
use crate::cases::{Task, request::Request};

impl Sitting {
    /// The network that decides about a request is told where it stands now.
    pub(super) fn tell_owner(&mut self, request: &Request) {
        let Some(owner) = &request.owner else { return };
        let network = owner.parse().ok().and_then(|name| self.desk().network(&name).ok());
        let Some(webhook) = network.and_then(|network| network.webhook) else { return };
        let body = serde_json::json!({
            "event": "request",
            "network": owner,
            "request": {
                "id": request.id,
                "list": request.list,
                "key": request.key,
                "state": request.state.as_str(),
                "since": request.since,
            },
        });
        self.send(Task::Webhook { network: owner.clone(), url: webhook.url.into(), body: body.to_string().into() });
    }
}
