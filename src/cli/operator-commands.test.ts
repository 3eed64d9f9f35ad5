import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentDigest, MESSAGE_TYPE } from '../consensus/index.ts';
import { certificateFromJson, genesisDomain } from '../consortium/index.ts';
import { consortiumClient, edgeRegistryClient, serviceId, taskIdOf } from '../contracts/index.ts';
import { fromHex, type Hex, type NodeKey, toHex } from '../crypto/index.ts';
import { type CommandOutcome, runTreadle } from './testing/run-treadle.ts';
import { CHAIN_ID, keyOf, type ServedLedger, serveLedger } from './testing/served-ledger.ts';

let served: ServedLedger;
let ardent: NodeKey;
let brook: NodeKey;
let cobalt: NodeKey;

beforeAll(async () => {
  served = await serveLedger();
  [ardent, brook, cobalt] = served.companies;
});
afterAll(() => served.close());

const reading = (...argv: readonly string[]): Promise<CommandOutcome> => runTreadle(...argv, '--rpc', served.url);
const acting = async (key: NodeKey, ...argv: readonly string[]): Promise<CommandOutcome> =>
  reading(...argv, '--key', await served.keyFile(key));

/** Goes on by so many blocks. */
async function blocks(count: number): Promise<void> {
  const client = served.clientOf(ardent);
  for (let made = 0; made < count; made++) await client.transact({ to: ardent.address });
}

/** What the node of a newcomer does by itself when it has the chain. */
async function proveSync(key: NodeKey): Promise<void> {
  const client = served.clientOf(key);
  const { blockNumber } = await client.transact({ to: key.address });
  const hash = await served.hashOf(blockNumber);
  await consortiumClient(client).proveSync({ height: BigInt(blockNumber), hash });
}

/** The document of a command that went well. */
async function good(outcome: Promise<CommandOutcome>): Promise<Record<string, unknown>> {
  const done = await outcome;
  expect(done.stdout + done.stderr).not.toContain('"error"');
  expect(done.exitCode).toBe(0);
  return done.json();
}

/** The error of a command that failed, from its JSON document. */
async function bad(outcome: Promise<CommandOutcome>): Promise<{ readonly code: string; readonly message: string }> {
  const failed = await outcome;
  expect(failed.exitCode).toBe(1);
  return failed.json()['error'] as { readonly code: string; readonly message: string };
}

/** Relays to the served ledger, with the answers to one method altered: a node that lies. */
async function lyingNode(method: string, alter: (answer: string) => string): Promise<Server & { readonly url: string }> {
  const relay = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString();
      const headers = { 'content-type': 'application/json' };
      const answer = await (await fetch(served.url, { method: 'POST', headers, body })).text();
      response.end(body.includes(`"${method}"`) ? alter(answer) : answer);
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return Object.assign(relay, { url: `http://127.0.0.1:${(relay.address() as AddressInfo).port}` });
}

/** An address where somebody listened a moment ago. */
async function closedAddress(): Promise<string> {
  const server = await lyingNode('none', (answer) => answer);
  await new Promise((resolve) => server.close(resolve));
  return server.url;
}

async function admit(company: NodeKey, observer: NodeKey, role: 'device' | 'edge'): Promise<void> {
  const file = join(served.folder, `${observer.address}.certificate.json`);
  await good(acting(company, 'consortium', 'certify', observer.address, '--role', role, '--out', file, '--json'));
  await good(acting(company, 'consortium', 'register', '--certificate', file, '--json'));
}

describe('status', () => {
  it('shows the node, its consensus, its peers and the members', async () => {
    const report = await good(reading('status', '--json'));
    expect(report).toMatchObject({
      node: { name: 'Proxy', chainId: CHAIN_ID },
      consensus: { round: 0, viewChanges: 1 },
      membership: { proxy: served.proxy.address, companies: [{ name: 'Ardent' }, {}, {}].map(() => expect.anything()) },
    });
    const { stdout, exitCode } = await reading('status');
    expect(exitCode).toBe(0);
    for (const words of ['Proxy (proxy)', 'waiting for proposal', 'proposer proxy', '1 of 2 connected', 'Ardent'])
      expect(stdout).toContain(words);
  });

  it('says what to do where nobody answers, and where something else does', async () => {
    const nowhere = await closedAddress();
    const nobody = await bad(runTreadle('status', '--rpc', nowhere, '--json'));
    expect(nobody).toMatchObject({ code: 'CLI_NO_ANSWER', message: expect.stringMatching(/nobody listens there.*treadle up/s) });
    expect(await bad(runTreadle('status', '--rpc', `${served.url}/elsewhere`, '--json'))).toMatchObject({
      code: 'CLI_NODE_REFUSED',
    });
    expect(await bad(runTreadle('status', '--rpc', 'localhost:8545', '--json'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    const text = await runTreadle('consortium', 'members', '--rpc', nowhere);
    expect([text.exitCode, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(/^treadle: no answer .*\[CLI_NO_ANSWER\]\n$/);
  });
});

describe('consortium', () => {
  it('lists the members', async () => {
    const { stdout } = await reading('consortium', 'members');
    for (const words of ['Ardent', 'Brook', 'Cobalt', served.proxy.address, '4 sealers', 'No votes'])
      expect(stdout).toContain(words);
  });

  it('admits a company by votes of more than two thirds', async () => {
    const dorian = keyOf('Dorian').address;
    const proposed = await good(acting(ardent, 'consortium', 'propose', '--add', dorian, '--name', 'Dorian', '--json'));
    const { id } = proposed['proposal'] as { id: string };
    expect(proposed['proposal']).toMatchObject({ kind: 'addCompany', state: 'open', yes: 1, no: 0, votesNeeded: 3 });
    const members = await reading('consortium', 'members');
    expect(members.stdout).toMatch(
      /1 vote under way:\n {2}Proposal 1: add company "Dorian" .* by Ardent; open: 1 for, 0 against, 3 of 3 needed, until .*\(in 1[34] d/,
    );
    expect(await good(acting(brook, 'consortium', 'vote', id, '--json'))).toMatchObject({
      executed: false,
      proposal: { yes: 2 },
    });
    expect(await bad(acting(brook, 'consortium', 'vote', id, '--json'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringContaining(`${brook.address} has voted on proposal 1`),
    });
    expect(await bad(acting(served.proxy, 'consortium', 'vote', id, '--json'))).toMatchObject({
      message: expect.stringContaining('is not a company'),
    });
    const last = await acting(cobalt, 'consortium', 'vote', id);
    expect(last.stdout).toMatch(
      /it has its votes, and is carried out as soon as the newcomer's node has the chain and proves it/,
    );
    expect(await bad(acting(cobalt, 'consortium', 'execute', id, '--json'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringMatching(/the node of 0x.* has not proved that it has the chain/),
    });
    await proveSync(keyOf('Dorian'));
    expect((await good(reading('consortium', 'members', '--json')))['sealers']).toHaveLength(5);
  });

  it('makes no second change before 32 blocks have gone by', async () => {
    const { proposal } = await good(acting(ardent, 'consortium', 'propose', '--remove', cobalt.address, '--json'));
    const { id } = proposal as { id: string };
    await good(acting(brook, 'consortium', 'vote', id, '--json'));
    await good(acting(cobalt, 'consortium', 'vote', id, '--no', '--json'));
    const last = await acting(keyOf('Dorian'), 'consortium', 'vote', id);
    expect(last.stdout).toMatch(/the sealers changed only just now/);
    const { message } = await bad(acting(ardent, 'consortium', 'execute', id, '--json'));
    expect(message).toMatch(/at most 1 change of the sealers may be made in any 32 blocks: carry it out from block \d+ on/);
    await blocks(32);
    const done = await acting(ardent, 'consortium', 'execute', id);
    expect(done.stdout).toMatch(/^The change is made in block \d+/);
    expect((await good(reading('consortium', 'members', '--json')))['sealers']).toHaveLength(4);
    // Back again for what follows.
    const back = await good(acting(ardent, 'consortium', 'propose', '--add', cobalt.address, '--name', 'Cobalt', '--json'));
    const again = (back['proposal'] as { id: string }).id;
    await proveSync(cobalt);
    await blocks(32);
    await good(acting(brook, 'consortium', 'vote', again, '--json'));
    expect(await good(acting(keyOf('Dorian'), 'consortium', 'vote', again, '--json'))).toMatchObject({ executed: true });
  });

  it('rejects by votes against', async () => {
    const { proposal } = await good(acting(ardent, 'consortium', 'propose', '--remove', cobalt.address, '--json'));
    const { id } = proposal as { id: string };
    await good(acting(brook, 'consortium', 'vote', id, '--no', '--json'));
    const last = await good(acting(cobalt, 'consortium', 'vote', id, '--no', '--json'));
    expect(last).toMatchObject({ executed: false, proposal: { state: 'rejected', yes: 1, no: 2 } });
  });

  it('replaces the key of a company, at once or when its node has the chain', async () => {
    await blocks(32);
    const [next, later] = [keyOf('Brook, next'), keyOf('Brook, later')];
    const file = await served.keyFile(next);
    const taken = await good(acting(brook, 'consortium', 'rotate-key', '--new-key', file, '--now', '--json'));
    expect(taken).toMatchObject({ account: brook.address, previous: brook.address, current: next.address, taken: true });
    const members = await good(reading('consortium', 'members', '--json'));
    expect(members['sealers']).toContain(next.address);
    expect(members['sealers']).not.toContain(brook.address);
    expect((await reading('consortium', 'members')).stdout).toMatch(new RegExp(`Brook .* company +${next.address}`));
    const named = await acting(brook, 'consortium', 'rotate-key', '--new-key', await served.keyFile(later));
    expect(named.stdout).toMatch(/may seal for .* Start a node with it; it takes over by itself/);
    expect(named.stdout).toContain('"accountKeyFile"');
    expect((await good(reading('consortium', 'members', '--json')))['sealers']).toContain(next.address);
    const stranger = acting(keyOf('nobody'), 'consortium', 'rotate-key', '--new-key', file, '--json');
    expect(await bad(stranger)).toMatchObject({ message: expect.stringMatching(/neither a company nor the proxy/) });
    const used = acting(cobalt, 'consortium', 'rotate-key', '--new-key', file, '--json');
    expect(await bad(used)).toMatchObject({ message: expect.stringMatching(/make a new one with treadle key/) });
  });

  it('shows who contradicted itself, and lets it back in by a vote', async () => {
    expect((await reading('consortium', 'evidence')).stdout).toContain('No sealer has ever been proved to contradict itself');
    const head = await served.clientOf(ardent).transact({ to: ardent.address });
    const place = { type: 'commit', height: head.blockNumber, round: 3 } as const;
    const [one, two] = ['11', '22'].map((byte): Hex => `0x${byte.repeat(32)}`) as [Hex, Hex];
    const sign = (digest: Hex): Hex => toHex(cobalt.sign(contentDigest(genesisDomain(served.genesis), place, fromHex(digest))));
    await blocks(32);
    await consortiumClient(served.clientOf(ardent)).reportEquivocation({
      messageType: MESSAGE_TYPE.commit,
      height: BigInt(place.height),
      round: BigInt(place.round),
      content: one,
      signature: sign(one),
      otherContent: two,
      otherSignature: sign(two),
    });
    const list = await reading('consortium', 'evidence');
    expect(list.stdout).toMatch(/Cobalt +two commit messages +\d+ +3 +\d+ +quarantine/);
    expect((await good(reading('consortium', 'evidence', '--json')))['evidence']).toMatchObject([{ signer: cobalt.address }]);
    const { stdout } = await reading('consortium', 'members');
    expect(stdout).toMatch(/In quarantine: Cobalt\. The proof is in treadle consortium evidence/);
    const reinstate = ['consortium', 'propose', '--reinstate', cobalt.address, '--json'] as const;
    expect(await bad(acting(cobalt, ...reinstate))).toMatchObject({ message: expect.stringMatching(/is in quarantine because/) });
    const { proposal } = await good(acting(ardent, ...reinstate));
    const { id } = proposal as { id: string };
    expect((await reading('consortium', 'members')).stdout).toContain('let Cobalt seal again');
    await blocks(32);
    await good(acting(brook, 'consortium', 'vote', id, '--json'));
    expect(await good(acting(keyOf('Dorian'), 'consortium', 'vote', id, '--json'))).toMatchObject({ executed: true });
    expect((await reading('consortium', 'members')).stdout).not.toContain('In quarantine');
  });

  it('wants exactly one change in a proposal', async () => {
    const propose = (...options: readonly string[]) => bad(acting(ardent, 'consortium', 'propose', '--json', ...options));
    const someone = keyOf('someone').address;
    expect(await propose()).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringContaining('exactly one') });
    expect(await propose('--add', someone)).toMatchObject({ message: expect.stringContaining('needs --name') });
    expect(await propose('--remove', someone, '--name', 'X')).toMatchObject({ message: expect.stringContaining('--add only') });
    expect(await propose('--replace-proxy', '0x12')).toMatchObject({ code: 'CLI_BAD_OPTION' });
    const both = await acting(ardent, 'consortium', 'propose', '--add', someone, '--name', 'X', '--remove', someone);
    expect([both.exitCode, both.stderr]).toEqual([1, expect.stringContaining('cannot be used with')]);
  });

  it('certifies, registers, revokes', async () => {
    const pump = keyOf('pump');
    const file = join(served.folder, 'pump.json');
    const printed = await acting(ardent, 'consortium', 'certify', pump.address, '--role', 'device');
    expect(certificateFromJson(printed.stdout, 'stdout')).toMatchObject({
      observer: pump.address,
      company: ardent.address,
      chainId: CHAIN_ID,
    });
    const written = await acting(
      ardent,
      'consortium',
      'certify',
      pump.address,
      '--role',
      'device',
      '--days',
      '30',
      '--out',
      file,
    );
    expect(written.stdout).toContain('register');
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    const certificate = certificateFromJson(await readFile(file, 'utf8'), file);
    expect(certificate.expiresAtSeconds - Date.now() / 1000).toBeCloseTo(30 * 86_400, -2);
    expect(
      await bad(acting(ardent, 'consortium', 'certify', pump.address, '--role', 'device', '--out', file, '--json')),
    ).toMatchObject({ code: 'CLI_FILE_EXISTS' });
    expect(await bad(acting(pump, 'consortium', 'certify', pump.address, '--role', 'device', '--json'))).toMatchObject({
      code: 'CLI_WRONG_KEY',
    });

    // Anyone with a certificate may bring it: fees are 0, so a device needs no money for it.
    expect(await good(acting(pump, 'consortium', 'register', '--certificate', file, '--json'))).toMatchObject({ role: 'device' });
    const listed = await reading('consortium', 'observers');
    expect(listed.stdout).toMatch(new RegExp(`${pump.address} +device +Ardent +active +.*\\(in (29|30) d`));
    expect(await bad(acting(brook, 'consortium', 'revoke', pump.address, '--json'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringContaining(`${pump.address} belongs to ${ardent.address}`),
    });
    await good(acting(ardent, 'consortium', 'revoke', pump.address, '--json'));
    expect(await good(reading('consortium', 'observers', '--json'))).toMatchObject({
      observers: [{ observer: pump.address, standing: 'revoked' }],
    });
  });

  it('refuses certificates of another chain, of a centre, and files that are none', async () => {
    const centre = join(served.folder, 'centre.json');
    await good(acting(ardent, 'consortium', 'certify', keyOf('centre').address, '--role', 'centre', '--out', centre, '--json'));
    const register = (file: string) => bad(acting(ardent, 'consortium', 'register', '--certificate', file, '--json'));
    expect(await register(centre)).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringContaining('centre') });
    const elsewhere = join(served.folder, 'elsewhere.json');
    await writeFile(elsewhere, (await readFile(centre, 'utf8')).replace(String(CHAIN_ID), '1'));
    expect(await register(elsewhere)).toMatchObject({ code: 'CLI_WRONG_CHAIN' });
    expect(await register(join(served.folder, 'absent.json'))).toMatchObject({ code: 'CLI_FILE_UNREADABLE' });
  });

  it('sends money, as much as there is', async () => {
    const fund = (amount: string) =>
      acting(served.proxy, 'consortium', 'fund', keyOf('new device').address, '--amount', amount, '--json');
    expect(await good(fund('10 ether'))).toMatchObject({ balanceWei: '10000000000000000000' });
    expect(await bad(fund('5000 ether'))).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringContaining('has ') });
    expect(await bad(fund('10'))).toMatchObject({ code: 'CLI_BAD_OPTION', message: expect.stringContaining('no unit') });
  });
});

describe('matching', () => {
  const near = keyOf('near');
  const far = keyOf('far');
  const device = keyOf('device');
  const position = ['--latitude', '-37.81', '--longitude', '144.96'];

  it('says why nothing matches', async () => {
    const nothing = await good(reading('match', ...position, '--json'));
    expect(nothing).toMatchObject({
      matched: false,
      reason: 'noneOffersService',
      words: 'no edge node offers "vibration.spectrum"',
    });
    expect((await reading('match', ...position)).stdout).toBe(
      'No edge node matches: no edge node offers "vibration.spectrum".\n',
    );
    expect(await bad(reading('match', '--latitude', '91', '--longitude', '0', '--json'))).toMatchObject({
      code: 'CLI_BAD_OPTION',
    });
    expect(await bad(reading('match', '--json'))).toMatchObject({
      code: 'CLI_BAD_OPTION',
      message: expect.stringContaining('--latitude'),
    });
  });

  it('lists edge nodes and finds the nearest', async () => {
    const list = (company: NodeKey, node: NodeKey, latitude: string, price: string) =>
      acting(
        company,
        'consortium',
        'add-node',
        '--node',
        node.address,
        '--latitude',
        latitude,
        '--longitude',
        '144.96',
        '--capacity',
        '1',
        '--price',
        price,
        '--service',
        'vibration.spectrum',
        'image.classify',
        '--json',
      );
    expect(await bad(list(ardent, near, '-37.82', '1000 gwei'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringContaining('register its certificate first'),
    });
    await admit(ardent, near, 'edge');
    await admit(brook, far, 'edge');
    expect(await good(list(ardent, near, '-37.82', '1000 gwei'))).toMatchObject({ nodeId: '1' });
    expect(await good(list(brook, far, '-37.9', '500 gwei'))).toMatchObject({ nodeId: '2' });
    const found = await good(reading('match', ...position, '--json'));
    expect(found).toMatchObject({
      matched: true,
      nodeId: '1',
      company: ardent.address,
      companyName: 'Ardent',
      priceWei: '1000000000000',
      considered: '2',
    });
    expect(found['distanceM']).toBeCloseTo(1_112, -1);
    const text = (await reading('match', ...position)).stdout;
    for (const words of ['Edge node 1 of Ardent', '1000 gwei', 'about 1.11 km', '1 of 1 free', '2 nodes looked at'])
      expect(text).toContain(words);
    expect(await good(reading('match', ...position, '--max-price', '700 gwei', '--json'))).toMatchObject({ nodeId: '2' });
    expect(await good(reading('match', ...position, '--max-price', '7 wei', '--json'))).toMatchObject({
      reason: 'allAboveLimit',
    });
  });

  it('audits what was matched', async () => {
    expect((await reading('match', '--audit')).stdout).toContain('0 matches');
    await admit(ardent, device, 'device');
    const registry = edgeRegistryClient(served.clientOf(device));
    const query = {
      latitudeE6: -37_810_000,
      longitudeE6: 144_960_000,
      service: serviceId('vibration.spectrum'),
      maxPriceWei: 10n ** 13n,
    };
    const ask = (number: number) => registry.requestMatch(taskIdOf(device.address, new Uint8Array(12).fill(number)), query);
    await ask(1);
    await ask(2);
    expect(await ask(3)).toMatchObject({ matched: false, reason: 'noneHasCapacity' });
    await registry.reportFailure(taskIdOf(device.address, new Uint8Array(12).fill(1)), 'timedOut');
    const report = await good(reading('match', '--audit', '--json'));
    expect(report).toMatchObject({ correct: true, fromBlock: 0, matches: 2, refusals: 2, unchecked: 0, findings: [] });
    const text = await reading('match', '--audit');
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toMatch(/Ardent +0x[0-9a-f]{40} +1 +1\nBrook +0x[0-9a-f]{40} +1 +1\n/);
    expect(text.stdout).toContain('nobody was favoured');
    expect(await good(reading('match', '--audit', '--from', '1000000', '--json'))).toMatchObject({ matches: 0, refusals: 0 });
    expect(await bad(reading('match', '--audit', '--from', '-1', '--json'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
  });

  it("finds a match that names a favoured company's node", async () => {
    const nodeTopic = (id: number) => id.toString(16).padStart(64, '0');
    let altered = 0;
    const liar = await lyingNode('eth_getLogs', (answer) => {
      const document = JSON.parse(answer) as { result: { topics: string[] }[] };
      const matched = document.result.find(({ topics }) => topics.length === 4 && topics[3] === `0x${nodeTopic(1)}`);
      if (matched === undefined) return answer;
      matched.topics[3] = `0x${nodeTopic(2)}`;
      altered++;
      return JSON.stringify(document);
    });
    try {
      const text = await runTreadle('match', '--audit', '--rpc', liar.url);
      expect(text.exitCode).toBe(1);
      expect(text.stdout).toMatch(
        /node 2 was chosen, node 1 is the best: node 2 is farther .*\(node 2 is Brook's, node 1 is Ardent's\)/,
      );
      expect(text.stdout).not.toContain('nobody was favoured');
      const report = await runTreadle('match', '--audit', '--json', '--rpc', liar.url);
      expect(report.exitCode).toBe(1);
      expect(report.json()).toMatchObject({
        correct: false,
        findings: expect.arrayContaining([expect.objectContaining({ kind: 'otherNode' })]),
      });
      expect(altered).toBe(2);
    } finally {
      liar.close();
    }
  });

  it('takes a node out', async () => {
    expect(await bad(acting(brook, 'consortium', 'withdraw-node', '1', '--json'))).toMatchObject({
      message: expect.stringContaining('node 1 belongs to'),
    });
    await good(acting(ardent, 'consortium', 'withdraw-node', '1', '--json'));
    expect(await bad(acting(ardent, 'consortium', 'withdraw-node', '1', '--json'))).toMatchObject({
      message: expect.stringContaining('not listed any more'),
    });
    expect((await reading('match', ...position)).stdout).toContain('is busy');
  });
});

describe('channel', () => {
  const payer = keyOf('payer');
  const payee = keyOf('payee');
  const open = (deposit = '1 ether') =>
    good(acting(payer, 'channel', 'open', '--payee', payee.address, '--deposit', deposit, '--challenge', '2 min', '--json')).then(
      ({ channelId }) => channelId as string,
    );
  const voucher = (id: string, cumulative: string) =>
    good(acting(payer, 'channel', 'voucher', id, '--cumulative', cumulative, '--json')).then(({ signature }) => [
      '--cumulative',
      cumulative,
      '--signature',
      signature as string,
    ]);

  beforeAll(async () => {
    for (const key of [payer, payee])
      await good(acting(served.proxy, 'consortium', 'fund', key.address, '--amount', '10 ether', '--json'));
  });

  it('is opened, topped up, paid from and closed by the payee', async () => {
    const id = await open();
    expect(await good(reading('channel', 'show', id, '--json'))).toMatchObject({
      channelId: id,
      payer: payer.address,
      payee: payee.address,
      status: 'open',
      balanceWei: '1000000000000000000',
      next: { who: 'nobody', deadline: null },
      steps: [{ event: 'Opened' }],
    });
    expect(await good(acting(payer, 'channel', 'top-up', id, '--amount', '0.5 ether', '--json'))).toMatchObject({
      depositWei: '1500000000000000000',
    });
    const first = await voucher(id, '0.25 ether');
    expect(await good(acting(payee, 'channel', 'claim', id, ...first, '--json'))).toMatchObject({
      paidWei: '250000000000000000',
    });
    expect(await bad(acting(payee, 'channel', 'claim', id, ...first, '--json'))).toMatchObject({
      code: 'CLI_CHANNEL_STATE',
      message: expect.stringContaining('0.25 ether have been claimed'),
    });
    const last = await voucher(id, '1 ether');
    const text = (await reading('channel', 'show', id)).stdout;
    for (const words of ['claimed     0.25 ether', 'balance     1.25 ether', 'challenge   2 min', 'ToppedUp'])
      expect(text).toContain(words);
    expect(await good(acting(payee, 'channel', 'close', id, ...last, '--json'))).toMatchObject({
      by: 'payee',
      claimedWei: '1000000000000000000',
      refundedWei: '500000000000000000',
    });
    expect(await bad(acting(payee, 'channel', 'close', id, '--json'))).toMatchObject({
      code: 'CLI_CHANNEL_STATE',
      message: expect.stringContaining('is closed'),
    });
  });

  it('signs no voucher that is worth nothing, and takes none that is not the payer’s', async () => {
    const id = await open();
    const other = await open();
    const sign = (key: NodeKey, cumulative: string) =>
      bad(acting(key, 'channel', 'voucher', id, '--cumulative', cumulative, '--json'));
    expect(await sign(payee, '1 gwei')).toMatchObject({ code: 'CLI_WRONG_KEY' });
    expect(await sign(payer, '2 ether')).toMatchObject({
      code: 'CLI_CHANNEL_STATE',
      message: expect.stringContaining('top it up'),
    });
    expect(await sign(payer, '0 wei')).toMatchObject({ code: 'CLI_CHANNEL_STATE' });
    const good = await voucher(id, '1 gwei');
    const claim = (on: string, options: readonly string[]) => bad(acting(payee, 'channel', 'claim', on, ...options, '--json'));
    expect(await claim(other, good)).toMatchObject({ code: 'CLI_BAD_VOUCHER' });
    expect(await claim(id, ['--cumulative', '2 gwei', ...good.slice(2)])).toMatchObject({ code: 'CLI_BAD_VOUCHER' });
    expect(await claim(id, [...good.slice(0, 3), '0x1234'])).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await claim(`0x${'0'.repeat(64)}`, good)).toMatchObject({ code: 'CLI_UNKNOWN_CHANNEL' });
    expect(await claim('0x12', good)).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await bad(acting(payee, 'channel', 'close', id, '--cumulative', '1 gwei', '--json'))).toMatchObject({
      code: 'CLI_BAD_OPTION',
    });
    expect(await bad(acting(payer, 'channel', 'close', id, ...good, '--json'))).toMatchObject({ code: 'CLI_BAD_OPTION' });
    expect(await bad(acting(ardent, 'channel', 'close', id, '--json'))).toMatchObject({ code: 'CLI_WRONG_KEY' });
  });

  it('is closed by the payer after the challenge period', async () => {
    const id = await open();
    expect(await bad(acting(payer, 'channel', 'withdraw', id, '--json'))).toMatchObject({
      code: 'CLI_CHANNEL_STATE',
      message: expect.stringContaining('channel close'),
    });
    expect(await good(acting(payer, 'channel', 'close', id, '--json'))).toMatchObject({
      by: 'payer',
      closingAt: expect.stringMatching(/^20\d\d-.*Z$/),
    });
    expect(await bad(acting(payer, 'channel', 'close', id, '--json'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringContaining('started to close'),
    });
    expect(await bad(acting(payer, 'channel', 'withdraw', id, '--json'))).toMatchObject({
      code: 'CLI_REFUSED',
      message: expect.stringContaining('challenge period runs until 20'),
    });
    expect(await good(reading('channel', 'show', id, '--json'))).toMatchObject({
      status: 'closing',
      next: { who: 'payee', deadline: expect.stringMatching(/Z$/) },
    });
    const live = await reading('channel', 'list', '--of', payee.address, '--live');
    expect(live.stdout).toMatch(new RegExp(`${id} .* closing +1 ether +0 wei +payee +20.*\\(in `));
    await served.advance(121);
    expect(await good(reading('channel', 'show', id, '--json'))).toMatchObject({
      status: 'withdrawable',
      next: { who: 'payer' },
    });
    expect(await good(acting(payer, 'channel', 'withdraw', id, '--json'))).toMatchObject({ refundedWei: '1000000000000000000' });
  });

  it('lists by party, and only what lives', async () => {
    const channelsOf = async (...options: readonly string[]) =>
      (await good(reading('channel', 'list', '--json', ...options)))['channels'] as { status: string }[];
    const all = await channelsOf();
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(await channelsOf('--of', payer.address)).toEqual(all);
    expect(await channelsOf('--of', ardent.address)).toEqual([]);
    const live = await channelsOf('--live');
    expect(live).toEqual(all.filter(({ status }) => status !== 'closed'));
    expect(live.length).toBeLessThan(all.length);
  });
});
