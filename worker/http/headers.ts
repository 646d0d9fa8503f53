/** Headers of every page and every answer. The policy leaves a page nothing that it does not use. */

export interface SecurityOptions {
  /** Whether the page came over TLS. */
  readonly secure: boolean;
  /** Nodes on this machine have http addresses. */
  readonly sharedHosts: boolean;
}

const contentPolicy = (sharedHosts: boolean): string =>
  [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `connect-src 'self' https: wss:${sharedHosts ? ' http: ws:' : ''}`,
    "worker-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types shardsend svelte-trusted-html',
  ].join('; ');

const PERMISSIONS = [
  'accelerometer',
  'autoplay',
  'browsing-topics',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

export function setSecurityHeaders(headers: Headers, { secure, sharedHosts }: SecurityOptions): void {
  headers.set('Content-Security-Policy', contentPolicy(sharedHosts));
  headers.set('Referrer-Policy', 'no-referrer');
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Permissions-Policy', PERMISSIONS);
  if (secure) headers.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
}

/** The interface is for every origin, and carries no credentials but those in `Authorization`. */
export function setApiHeaders(headers: Headers): void {
  headers.set('Access-Control-Allow-Origin', '*');
  headers.set('Access-Control-Expose-Headers', 'Retry-After');
  headers.set('Cache-Control', 'no-store');
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('Referrer-Policy', 'no-referrer');
}

export function preflightResponse(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': 'GET, PUT, POST, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type',
      'Access-Control-Max-Age': '86400',
    },
  });
}
