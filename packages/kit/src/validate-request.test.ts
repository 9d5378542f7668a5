import type { AppError } from '@checkpoint-warden/errors';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { validateRequest } from './validate-request.ts';

const CLOSED = { additionalProperties: false };
const Even = Type.Refine(
  Type.Integer(),
  (value) => value % 2 === 0,
  () => 'it is odd\nwrite an even number',
);
const Body = Type.Object(
  {
    mode: Type.Optional(Type.Enum(['Enforce', 'Audit'])),
    rules: Type.Array(Type.Object({ keep: Even }, CLOSED)),
  },
  CLOSED,
);
const Query = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, default: 10 }),
    pinned: Type.Optional(Type.Boolean()),
    pod: Type.Optional(Type.String()),
  },
  CLOSED,
);

/** What a validator says: the value that the route gets, or the problems as `path: message`. */
function outcome(schema: object, httpPart: string, sent: unknown): unknown {
  const result = validateRequest({ schema, httpPart })(sent);
  if ('value' in result) return result.value;
  expect(result.error.code).toBe('CW_ERR_REQUEST_INVALID');
  return problemsOf(result.error);
}

const problemsOf = ({ problems }: AppError): string[] =>
  problems.map(({ path, message }) => `${path}: ${message}`);

describe('a body', () => {
  it('reaches the route as it was sent', () => {
    const sent = { rules: [{ keep: 2 }] };
    expect(outcome(Body, 'body', sent)).toBe(sent);
  });

  it.each<[string, unknown, string[]]>([
    ['a number as text', { rules: [{ keep: '2' }] }, ['body.rules[0].keep: "2" is not a whole number']],
    [
      'an unknown field, however deep',
      { rules: [{ keep: 2, Keep: 2 }] },
      ['body.rules[0].Keep: unknown field "Keep"'],
    ],
    ['a field that is missing', {}, ['body.rules: rules is missing']],
    ['nothing', null, ['body: null is not an object']],
    ['a list for an object', [], ['body: [] is not an object']],
    ['what a refinement refuses', { rules: [{ keep: 3 }] }, ['body.rules[0].keep: it is odd']],
    [
      'more than one thing, with all of them',
      { mode: 'Delete', rules: [{ keep: 2 }, { keep: null }], extra: 1 },
      [
        'body.extra: unknown field "extra"',
        'body.mode: "Delete" is not one of Enforce, Audit',
        'body.rules[1].keep: null is not a whole number',
      ],
    ],
  ])('is refused for %s', (_, sent, problems) => {
    expect(outcome(Body, 'body', sent)).toEqual(problems);
  });

  it('that is a list has its places right behind the name of the part', () => {
    expect(outcome(Type.Array(Type.Integer()), 'body', [1, 'two'])).toEqual([
      'body[1]: "two" is not a whole number',
    ]);
  });
});

describe('a query', () => {
  it.each<[string, object, object]>([
    ['digits as a number', { limit: '25' }, { limit: 25 }],
    ['true and false as truth values', { pinned: 'false' }, { limit: 10, pinned: false }],
    ['text as text, whatever it looks like', { pod: '25' }, { limit: 10, pod: '25' }],
    ['its defaults where nothing is given', {}, { limit: 10 }],
  ])('is read: %s', (_, sent, value) => {
    expect(outcome(Query, 'querystring', sent)).toEqual(value);
  });

  it.each(['', ' 5', '+5', '-5', '05', '5.0', '1e3', '0x10', '٥', 'five', '99999999999999999'])(
    'does not take %j for a number',
    (limit) => {
      expect(outcome(Query, 'querystring', { limit })).toEqual([
        `querystring.limit: ${JSON.stringify(limit)} is not a whole number`,
      ]);
    },
  );

  it.each(['', '1', '0', 'TRUE', 'yes'])('does not take %j for a truth value', (pinned) => {
    expect(outcome(Query, 'querystring', { pinned })).toEqual([
      `querystring.pinned: ${JSON.stringify(pinned)} is not true or false`,
    ]);
  });

  it('is refused for a parameter that is given twice, unknown, or named like a part of every object', () => {
    expect(outcome(Query, 'querystring', { limit: ['1', '2'] })).toEqual([
      'querystring.limit: ["1","2"] is not a whole number',
    ]);
    const odd = JSON.parse('{"Limit":"1","__proto__":"1","toString":"1"}');
    expect(outcome(Query, 'querystring', odd)).toEqual(
      ['Limit', '__proto__', 'toString'].map((name) => `querystring.${name}: unknown field "${name}"`),
    );
  });
});

describe('path parameters and headers', () => {
  it.each(['params', 'headers'])('are not read as anything but text: %s', (httpPart) => {
    expect(outcome(Type.Object({ id: Type.Integer() }), httpPart, { id: '5' })).toEqual([
      `${httpPart}.id: "5" is not a whole number`,
    ]);
  });
});
