-- rspamd: mail that rspamd rejects is reported to dnsbld, as spam from the address that handed it to us.
-- Loaded by a dofile in /etc/rspamd/rspamd.local.lua; README.md says how.
--
-- Only the address of the TCP connection counts (task:get_from_ip), never a Received line; nothing that the mail says is sent.

local rspamd_http = require "rspamd_http"
local rspamd_logger = require "rspamd_logger"
local ucl = require "ucl"

local options = rspamd_config:get_all_opt("dnsbld") or {}
local url = options.url
local token = options.token

local function report(task)
  if not url or not token or task:get_metric_action() ~= "reject" then
    return
  end
  local address = task:get_from_ip()
  if not address or not address:is_valid() or address:is_local() or task:get_user() then
    return
  end
  local body = ucl.to_format({
    address = address:to_string(),
    kind = "spam",
    seen = os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(task:get_date({ format = "connect", gmt = true }))),
    -- The digest alone is that of the mail: a campaign sends it from many addresses.
    id = task:get_digest() .. "-" .. address:to_string(),
  }, "json-compact")
  rspamd_http.request({
    task = task,
    url = url .. "/api/v1/reports",
    method = "post",
    headers = { ["Authorization"] = "Bearer " .. token },
    mime_type = "application/json",
    body = body,
    timeout = 10.0,
    callback = function(err, code)
      if err or code ~= 200 then
        rspamd_logger.errx(task, "dnsbld did not take the report: %s", err or code)
      end
    end,
  })
end

rspamd_config:register_symbol({
  name = "DNSBLD_REPORT",
  type = "idempotent",
  callback = report,
  flags = "empty,explicit_disable,ignore_passthrough",
})
