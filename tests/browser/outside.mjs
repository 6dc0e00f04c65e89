// The machines around the server: mail servers that are tested, the operator's own, and a name server. Run behind `alone`,
// where their addresses are.
//
// Guarantees: what was started ends with `stop`.
// Never: answers a name that it was not given; hands mail to anything but the inbox of the tests.

import dgram from "node:dgram";
import net from "node:net";

const INBOX = { host: "198.51.100.1", port: 25 };
export const MAIL_PORT = 2525;

const TYPES = { A: 1, PTR: 12, TXT: 16 };

function octetsOf(name) {
  const labels = name.split(".").filter(Boolean).map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function data(type, value) {
  if (type === "A") return Buffer.from(value.split(".").map(Number));
  if (type === "PTR") return octetsOf(value);
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

// Each line of an SMTP session, or the message as one.
function conversation(socket, greeting, hear) {
  let pending = "", message = null;
  const say = (line) => socket.writable && socket.write(`${line}\r\n`);
  socket.on("error", () => socket.destroy());
  socket.on("data", (octets) => {
    pending += octets.toString("latin1");
    for (let end = pending.indexOf("\r\n"); end >= 0; end = pending.indexOf("\r\n")) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 2);
      if (message === null) {
        const reply = hear(line, null);
        if (reply.startsWith("354")) message = [];
        say(reply);
        if (line.toUpperCase() === "QUIT") socket.end();
      } else if (line === ".") {
        const whole = message.map((one) => one.replace(/^\.\./, ".")).join("\r\n");
        message = null;
        say(hear(null, whole));
      } else {
        message.push(line);
      }
    }
  });
  say(greeting);
}

export class Outside {
  #servers = [];
  #records = new Map();
  // What reached the operator's mail server.
  mails = [];

  static async start() {
    const outside = new Outside();
    await outside.#names();
    await outside.#mailServer("127.0.0.1", MAIL_PORT, { taken: (mail) => outside.mails.push(mail) });
    return outside;
  }

  // A name that is known from now on.
  say(name, type, value) {
    this.#records.set(`${name.toLowerCase()} ${TYPES[type]}`, data(type, value));
  }

  // An address whose name in reverse DNS leads back to it.
  call(address, name) {
    this.say(`${address.split(".").reverse().join(".")}.in-addr.arpa`, "PTR", name);
    this.say(name, "A", address);
  }

  #names() {
    const socket = dgram.createSocket("udp4");
    socket.on("message", (query, { port, address }) => {
      let end = 12;
      const labels = [];
      while (query[end]) {
        labels.push(query.toString("latin1", end + 1, end + 1 + query[end]));
        end += query[end] + 1;
      }
      const question = query.subarray(12, end + 5);
      const type = query.readUInt16BE(end + 1);
      const found = this.#records.get(`${labels.join(".").toLowerCase()} ${type}`);
      const head = Buffer.from([query[0], query[1], 0x84 | (query[2] & 1), found ? 0x80 : 0x83, 0, 1, 0, found ? 1 : 0, 0, 0, 0, 0]);
      const answer = found && Buffer.concat([Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, found.length]), found]);
      socket.send(Buffer.concat(answer ? [head, question, answer] : [head, question]), port, address);
    });
    this.#servers.push(socket);
    return new Promise((resolve) => socket.bind(53, "127.0.0.1", resolve));
  }

  #mailServer(address, port, { refuses = () => false, taken }) {
    const server = net.createServer((socket) => {
      let sender, recipients;
      conversation(socket, `220 ${address} ESMTP`, (line, message) => {
        if (message !== null) {
          taken({ sender, recipients, message });
          return "250 taken";
        }
        const [, verb, rest] = line.match(/^(\w+)(.*)/) ?? ["", "", ""];
        switch (verb.toUpperCase()) {
          case "MAIL": [sender, recipients] = [rest.match(/<(.*?)>/)?.[1] ?? "", []]; return "250 ok";
          case "RCPT": {
            const recipient = rest.match(/<(.*)>/)?.[1] ?? "";
            if (refuses(recipient)) return "554 5.7.1 relay access denied";
            recipients.push(recipient);
            return "250 ok";
          }
          case "DATA": return "354 go on";
          case "QUIT": return "221 bye";
          default: return "250 ok";
        }
      });
    });
    this.#servers.push(server);
    return new Promise((resolve) => server.listen(port, address, resolve));
  }

  // A mail server that passes on what strangers send to strangers, unless they write the recipient in a strange way.
  openRelay(address) {
    const refuses = (recipient) => !/^[\w-]+@in\.bl\.test$/.test(recipient);
    return this.#mailServer(address, 25, { refuses, taken: (mail) => pass(address, mail) });
  }

  // One that does not.
  closedRelay(address) {
    return this.#mailServer(address, 25, { refuses: () => true, taken() {} });
  }

  // One that takes everything, and none of it is ever seen again.
  swallowingRelay(address) {
    return this.#mailServer(address, 25, { taken() {} });
  }

  // A web server that is no proxy, at a port where one might be.
  webServer(address, port) {
    const server = net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.once("data", () => socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"));
    });
    this.#servers.push(server);
    return new Promise((resolve) => server.listen(port, address, resolve));
  }

  stop() {
    for (const server of this.#servers) server.close();
  }
}

// Hands a mail to the inbox, from the address of the relay.
function pass(address, { sender, recipients, message }) {
  const lines = [`EHLO ${address}`, `MAIL FROM:<${sender}>`, ...recipients.map((one) => `RCPT TO:<${one}>`), "DATA",
    `Received: from tester by ${address}\r\n${message}\r\n.`, "QUIT"];
  const socket = net.connect({ ...INBOX, localAddress: address });
  let heard = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (octets) => {
    heard += octets.toString("latin1");
    if (!/(^|\r\n)\d{3} [^\r]*\r\n$/.test(heard)) return;
    heard = "";
    const next = lines.shift();
    if (next) socket.write(`${next}\r\n`);
  });
}
