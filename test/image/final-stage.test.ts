import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readFinalStage } from './final-stage.ts';

describe('readFinalStage', () => {
  it('reads the last stage only', () => {
    const stage = readFinalStage(`
# syntax=docker/dockerfile:1
FROM node:24 AS build
RUN make "it"
FROM base:1
# a comment
LABEL one="1 \\"and\\" more" \\
      two=2
ENV A=b C="d e"
COPY --from=build /src/LICENSE /src/out/notes.txt /licenses/
COPY --from=build /src/out/program /app/run
USER 7:8
WORKDIR /app
ENTRYPOINT ["/app/run", "--a b"]
CMD []
`);
    expect(stage).toEqual({
      base: 'base:1',
      files: [
        { from: '/src/LICENSE', to: '/licenses/LICENSE' },
        { from: '/src/out/notes.txt', to: '/licenses/notes.txt' },
        { from: '/src/out/program', to: '/app/run' },
      ],
      config: {
        Labels: { one: '1 "and" more', two: '2' },
        Env: ['A=b', 'C=d e'],
        User: '7:8',
        WorkingDir: '/app',
        Entrypoint: ['/app/run', '--a b'],
        Cmd: [],
      },
    });
  });

  it.each([
    ['RUN true', 'line 2: RUN true: it is none of LABEL'],
    ['ADD x /x', 'it is none of'],
    ['HEALTHCHECK NONE', 'it is none of'],
    ['ENTRYPOINT node app', 'it is not written as ["program", "argument"]'],
    ['CMD ["a"', 'it is not written as'],
    ['COPY LICENSE /LICENSE', 'it is not COPY --from=build'],
    ['COPY --from=other /a /b', 'it is not COPY --from=build'],
    ['COPY --from=build --chown=1 /a /b', 'it is not COPY --from=build'],
    ['COPY --from=build /a /b /c', 'the target of several files needs a slash'],
    ['COPY --from=build /a/* /b/', 'its paths are not plain'],
    ['COPY --from=build ["/a", "/b"]', 'its paths are not plain'],
    ['LABEL a=$VERSION', 'it has a variable'],
    ['LABEL a', 'a has no value'],
    ['USER', 'it has not one argument'],
  ])('refuses what it would not carry out as Docker does: %s', (instruction, message) => {
    expect(() => readFinalStage(`FROM base\n${instruction}\n`)).toThrow(message);
  });

  it('understands all of the Dockerfile of the program', () => {
    const file = new URL('../../packages/cli/Dockerfile', import.meta.url);
    const { base, config } = readFinalStage(readFileSync(file, 'utf8'));
    expect(base).toMatch(/^gcr\.io\/distroless\/nodejs24-debian\d+:nonroot/);
    expect(config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/); // a kubelet cannot tell a name from root
    expect(config.Entrypoint?.[0]).toBe('/nodejs/bin/node');
  });
});
