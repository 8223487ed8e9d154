//! An outside party's HTTP client: a token by client credentials, renewed before it ends, and calls with it.

use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::StatusCode;
use serde_json::Value;

use crate::app::demo::DemoClient;
use crate::base::Env;

/// A token is renewed so long before it ends.
const RENEW: TimeDelta = TimeDelta::minutes(1);

/// Calls the API as one client of the demo.
pub struct ApiClient {
    env: Env,
    http: Client,
    base_url: String,
    credentials: (String, String),
    token: Option<(String, DateTime<Utc>)>,
}

impl ApiClient {
    /// A client that has not asked for its token yet; an answer may take as long as `limit`.
    ///
    /// # Errors
    /// When there is no HTTP client on this machine.
    pub fn new(env: Env, base_url: &str, client: &DemoClient, limit: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            env,
            // An outside party to the product: it talks to the demo's own loopback address.
            http: Client::builder().no_proxy().timeout(limit).build()?,
            base_url: base_url.to_owned(),
            credentials: (client.client_id.clone(), client.client_secret.clone()),
            token: None,
        })
    }

    /// `GET` of a path below `/api/v1`.
    ///
    /// # Errors
    /// When the call fails or is refused.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        let question = self.http.get(format!("{}/api/v1{path}", self.base_url));
        self.ask(question).await
    }

    /// `POST` of NDJSON to a path below `/api/v1`; the answer is waited for.
    ///
    /// # Errors
    /// When the call fails or is refused.
    pub async fn post_lines(&mut self, path: &str, lines: String) -> anyhow::Result<Value> {
        let question = self.http.post(format!("{}/api/v1{path}", self.base_url)).body(lines);
        self.ask(question.header("content-type", "application/x-ndjson").header("prefer", "wait")).await
    }

    async fn ask(&mut self, question: RequestBuilder) -> anyhow::Result<Value> {
        let token = self.token().await?;
        let answer = question.bearer_auth(token).send().await?;
        let status = answer.status();
        if status == StatusCode::UNAUTHORIZED {
            self.token = None;
            bail!("the token is not taken any more");
        }
        if !status.is_success() {
            bail!("{status}: {}", answer.text().await.unwrap_or_default());
        }
        Ok(answer.json().await?)
    }

    async fn token(&mut self) -> anyhow::Result<String> {
        let now = self.env.now();
        if let Some((token, until)) = &self.token
            && *until > now
        {
            return Ok(token.clone());
        }
        let (id, secret) = &self.credentials;
        let url = format!("{}/api/v1/oauth/token", self.base_url);
        let question = self.http.post(url).basic_auth(id, Some(secret)).form(&[("grant_type", "client_credentials")]);
        let answer: Value = question.send().await?.error_for_status()?.json().await?;
        let token = answer["access_token"].as_str().context("an answer without token")?.to_owned();
        let lives = TimeDelta::seconds(answer["expires_in"].as_i64().unwrap_or(60));
        self.token = Some((token.clone(), now + (lives - RENEW).max(TimeDelta::seconds(5))));
        Ok(token)
    }
}
