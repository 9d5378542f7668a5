export { type Clock, systemClock } from './clock.ts';
export type { Component } from './component.ts';
export { type Deadline, startDeadline } from './deadline.ts';
export { type HealthRoutesOptions, healthRoutes } from './health-routes.ts';
export { type ErrorAnswer, ErrorBody, errorAnswer } from './http-errors.ts';
export { createHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts';
export {
  createHttpsClient,
  type HttpsCall,
  type HttpsClient,
  type HttpsClientOptions,
  type HttpsResponse,
} from './https-client.ts';
export { type ListenOptions, listen } from './listen.ts';
export { listenOnSocket, type SocketOptions } from './listen-on-socket.ts';
export { createLogger, type Logger, type LoggerOptions } from './logger.ts';
export { Registry, registerBuildInfo, registerCertificateExpiry, registerProcessMetrics } from './metrics.ts';
export type { MutualTls } from './mutual-tls.ts';
export { findPeerProblem, PEER_NAMES, type PeerName } from './peer-certificate.ts';
export { type RunOptions, runUntilSignal } from './run-until-signal.ts';
export { sleep } from './sleep.ts';
export { openTlsFiles, type TlsFiles, type TlsFilesOptions } from './tls-files.ts';
export { loadTlsSet, parseCertificates, TLS_FILES, type TlsSet } from './tls-set.ts';
export { type RequestPart, type Validated, validateRequest } from './validate-request.ts';
export { createWaker, type Waker } from './waker.ts';
