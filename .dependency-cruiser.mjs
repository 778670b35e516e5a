// Import boundaries: imports point inward, features do not reach sideways, and each library has its one place.

/** Feature of core → the other folders of core it may import. `contract` and `platform` are open to all, as is any types.ts. */
const mayImport = {
  contract: ['rpc'],
  platform: [],
  rpc: [],
  sqlite: [],
  vectors: [],
  encryption: [],
  jobs: [],
  schedule: [],
  retention: [],
  drills: ['schedule', 'vectors'],
  notify: [],
  advice: [],
  messages: ['catalog'],
  demo: ['engine'],
  catalog: ['jobs'],
  backup: ['sqlite', 'vectors', 'encryption'],
  rollforward: ['sqlite', 'vectors'],
  restore: ['sqlite', 'vectors', 'backup', 'rollforward', 'encryption'],
  failover: ['jobs', 'schedule', 'vectors', 'catalog', 'rpc'],
  agent: ['sqlite', 'vectors', 'backup', 'rollforward', 'restore', 'rpc', 'encryption'],
  engine: [
    'agent',
    'backup',
    'catalog',
    'advice',
    'demo',
    'drills',
    'failover',
    'jobs',
    'messages',
    'notify',
    'restore',
    'retention',
    'rollforward',
    'rpc',
    'schedule',
    'vectors',
  ],
};

const sideways = Object.entries(mayImport).map(([feature, allowed]) => ({
  name: `core-${feature}`,
  comment: `core/${feature} may use of core: ${['contract', 'platform', ...allowed].join(', ')}; of the rest only types.ts`,
  severity: 'error',
  from: { path: `^core/${feature}/` },
  to: {
    path: '^core/',
    pathNot: [`^core/(${[feature, 'contract', 'platform', ...allowed].join('|')})/`, '^core/[^/]+/types\\.ts$'],
  },
}));

/** Only `from` may import the npm packages that match `packages`. */
const onlyIn = (name, packages, from) => ({
  name,
  severity: 'error',
  from: { path: '^(core|electron|headless|renderer)/', pathNot: from },
  to: { path: `node_modules/(${packages})/` },
});

export default {
  forbidden: [
    ...sideways,
    {
      name: 'core-points-inward',
      comment: 'core knows no door: no Electron, no React, no web server, nothing outside itself',
      severity: 'error',
      from: { path: '^core/' },
      to: {
        path: ['^(electron|headless|renderer|test|bench|scripts|build)/', 'node_modules/(electron|react|react-dom)/'],
      },
    },
    {
      name: 'renderer-knows-the-contract-only',
      severity: 'error',
      from: { path: '^renderer/' },
      to: {
        path: ['^(core|electron|headless|test|bench|scripts|build)/', '^node:'],
        pathNot: ['^core/contract/', '^core/rpc/(connect|types)\\.ts$'],
      },
    },
    {
      name: 'renderer-has-no-node',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'doors-are-apart',
      comment: 'the desktop takes from headless only what every host of an engine does',
      severity: 'error',
      from: { path: '^electron/' },
      to: { path: '^(headless|renderer|test)/', pathNot: '^headless/engine-host\\.ts$' },
    },
    {
      name: 'headless-has-no-desktop',
      severity: 'error',
      from: { path: '^headless/' },
      to: { path: ['^(electron|renderer|test)/', 'node_modules/electron/'] },
    },
    // core/rpc names the type of the socket that it serves.
    onlyIn('web-sockets-at-the-web-door', 'ws', ['^headless/', '^core/rpc/serve\\.ts$']),
    onlyIn('rpc-library-in-core-rpc', '@orpc/[^/]+', '^core/rpc/'),
    onlyIn('sqlite-library', 'better-sqlite3', [
      '^core/(sqlite|catalog|demo)/',
      '^core/agent/(agent|state-store)\\.ts$',
    ]),
    onlyIn('component-library-behind-renderer-ui', '@fluentui/[^/]+', '^renderer/ui/'),
    {
      name: 'no-cycle',
      severity: 'error',
      from: { path: '^(core|electron|headless|renderer)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^electron$', '\\.css$'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
};
