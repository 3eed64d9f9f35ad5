/** The section "outside" of a node's file: what this node may read, and with which secrets. Paths are relative to that file. */
export interface OutsideConfig {
  readonly http?: HttpAccess;
  /** By address, e.g. `mqtt://broker.plant:1883`. A broker that is not listed is not read. */
  readonly mqtt?: Readonly<Record<string, MqttBroker>>;
  /** By address, e.g. `opc.tcp://oven.plant:4840`. A server that is not listed is not read. */
  readonly opcua?: Readonly<Record<string, OpcUaServer>>;
  /** By the name that requests use. */
  readonly databases?: Readonly<Record<string, SqlDatabase>>;
  readonly files?: FileFolder;
}

/** Without any of this, hosts with public addresses may be read, and no others. */
export interface HttpAccess {
  /** Only `hosts` may be read. Default false. */
  readonly listedOnly?: boolean;
  /** Names that are never read: `host`, or `*.domain` for all below it. */
  readonly refused?: readonly string[];
  /** By `host` or `host:port`. */
  readonly hosts?: Readonly<Record<string, HttpHost>>;
}

export interface HttpHost {
  /** Loopback, private and link-local addresses are fine for this host. Default false. */
  readonly private?: boolean;
  /** Sent to this host, and to no other one that it redirects to; over https only unless `plain`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The headers may be sent without encryption. Default false. */
  readonly plain?: boolean;
  /** Paths that may be read, each with all below it. Default: all. */
  readonly paths?: readonly string[];
  /** Certificates (PEM) that this host's certificate may be signed by, instead of the system's. */
  readonly caFile?: string;
}

export interface MqttBroker {
  readonly user?: string;
  readonly password?: string;
  /** Certificates (PEM) that the broker's certificate may be signed by, for `mqtts:`. */
  readonly caFile?: string;
  /** Topics that may be read, with the wildcards of MQTT. Default: all. */
  readonly topics?: readonly string[];
}

export interface OpcUaServer {
  /** Default 'none', which suits a network of its own only. */
  readonly security?: 'none' | 'sign' | 'encrypt';
  readonly user?: string;
  readonly password?: string;
  /** The certificate (DER or PEM) that the server must show. With `security` it is needed: an unknown server is not trusted. */
  readonly serverCertificateFile?: string;
}

/** A PostgreSQL database, TimescaleDB included. */
export interface SqlDatabase extends QueryAccess {
  readonly host: string;
  /** Default 5432. */
  readonly port?: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  /** Default false. With it the server's certificate is checked. */
  readonly tls?: boolean;
  /** Certificates (PEM) that the server's certificate may be signed by, with `tls`. */
  readonly caFile?: string;
}

/** Which queries a request may have run. */
export interface QueryAccess {
  /** By the name that requests use; parameters are `$1`, `$2`, ... (`?1`, `?2`, ... in files). */
  readonly queries?: Readonly<Record<string, string>>;
  /** A request may also bring a query of its own. It reads whatever the database's user may read. Default false. */
  readonly anyQuery?: boolean;
}

/** Files below one folder, the databases among them included. */
export interface FileFolder extends QueryAccess {
  readonly folder: string;
}
