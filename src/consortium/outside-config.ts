import { z } from 'zod';
import { CONFIGURED_NAME, isServerAddress, type OutsideConfig } from '../environment/index.ts';
import { OUTSIDE_ENTRIES_MAX, OUTSIDE_QUERY_CHARACTERS_MAX } from '../limits.ts';

const path = z.string('expected a path').min(1, 'expected a path, relative to this file');
const word = z.string('expected a text').min(1, 'expected a text that is not empty');
const flag = z.boolean('expected true or false');

const headers = z.record(
  z.string().regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header'),
  z.string('expected the value of a header').regex(/^[\x20-\x7e]*$/, 'the value of a header is one line of ASCII'),
);

const httpHost = z.strictObject({
  private: flag.exactOptional(),
  headers: headers.exactOptional(),
  plain: flag.exactOptional(),
  paths: z.array(z.string().startsWith('/', 'a path begins with "/"')).exactOptional(),
  caFile: path.exactOptional(),
});

const mqttBroker = z.strictObject({
  user: word.exactOptional(),
  password: word.exactOptional(),
  caFile: path.exactOptional(),
  topics: z.array(word).min(1, 'leave "topics" out to allow all of them').exactOptional(),
});

const opcUaServer = z
  .strictObject({
    security: z.enum(['none', 'sign', 'encrypt'], 'expected "none", "sign" or "encrypt"').exactOptional(),
    user: word.exactOptional(),
    password: word.exactOptional(),
    serverCertificateFile: path.exactOptional(),
  })
  .refine(
    ({ security = 'none', serverCertificateFile }) => security === 'none' || serverCertificateFile !== undefined,
    'name the server’s certificate in "serverCertificateFile": security with an unknown server is none',
  );

const queryAccess = {
  queries: named(
    z.string('expected a query').min(1, 'expected a query').max(OUTSIDE_QUERY_CHARACTERS_MAX, 'this query is too long'),
    'a query has a name such as "oven.mean"',
  ).exactOptional(),
  anyQuery: flag.exactOptional(),
};

const sqlDatabase = z.strictObject({
  ...queryAccess,
  host: word,
  port: z.int('expected a port number').min(1, 'a port is 1 to 65535').max(65_535, 'a port is 1 to 65535').exactOptional(),
  database: word,
  user: word,
  password: word.exactOptional(),
  tls: flag.exactOptional(),
  caFile: path.exactOptional(),
});

/** The section "outside" of a node's file. */
export const outsideConfigSchema = z.strictObject({
  http: z
    .strictObject({
      listedOnly: flag.exactOptional(),
      refused: z
        .array(z.string().regex(/^(\*\.)?[a-z0-9.:[\]-]+$/, 'expected a host name in lower case, or "*.domain"'))
        .max(OUTSIDE_ENTRIES_MAX)
        .exactOptional(),
      hosts: listed(
        z.string().regex(/^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/, 'expected "host" or "host:port", in lower case'),
        httpHost,
      ).exactOptional(),
    })
    .exactOptional(),
  mqtt: listed(
    z.string().refine((text) => isServerAddress('mqtt', text), 'expected "mqtt://host:1883" or "mqtts://host:8883"'),
    mqttBroker,
  ).exactOptional(),
  opcua: listed(
    z.string().refine((text) => isServerAddress('opcua', text), 'expected "opc.tcp://host:4840"'),
    opcUaServer,
  ).exactOptional(),
  databases: named(sqlDatabase, 'a database has a name such as "erp"').exactOptional(),
  files: z.strictObject({ ...queryAccess, folder: path }).exactOptional(),
}) satisfies z.ZodType<OutsideConfig>;

function named<T extends z.ZodType>(value: T, message: string) {
  return listed(z.string().regex(CONFIGURED_NAME, message), value);
}

function listed<K extends z.ZodString, T extends z.ZodType>(key: K, value: T) {
  return z
    .record(key, value)
    .refine((entries) => Object.keys(entries).length <= OUTSIDE_ENTRIES_MAX, `at most ${OUTSIDE_ENTRIES_MAX} entries`);
}
