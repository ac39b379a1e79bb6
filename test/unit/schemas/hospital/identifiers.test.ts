import assert from 'node:assert/strict';
import test from 'node:test';
import { digits, unrepeated } from '../../../../src/lib/numbers.js';
import { permute } from '../../../../src/random/permutation.js';
import {
  cnpj,
  cpf,
  crm,
  isCnpj,
  isCpf,
  isCrm,
  UFS,
  ufOfCrm,
} from '../../../../src/schemas/hospital/identifiers.js';
import { assertUniform } from './samples.js';

const IDS = 1_000_000;
const VALIDATED = 50_000;

test('a permutation of every small size hits each number once, with every key', () => {
  for (let size = 1; size <= 300; size++) {
    for (const key of [0, 1, 0xffffffff, 0x12345678]) {
      const images = new Set(Array.from({ length: size }, (_, index) => permute(index, size, key)));
      assert.equal(images.size, size);
      for (const image of images) assert.ok(image >= 0 && image < size);
    }
  }
});

test('a permutation of a large size stays inside it and keeps indices apart', () => {
  for (const size of [1_000_003, 999_999_990, 2 ** 32 + 1, 2 ** 52]) {
    const first = Array.from({ length: 10_000 }, (_, k) => permute(k, size, 5));
    const last = Array.from({ length: 10_000 }, (_, k) => permute(size - 1 - k, size, 5));
    const images = new Set([...first, ...last]);
    assert.equal(images.size, 20_000);
    for (const image of images) assert.ok(Number.isInteger(image) && image >= 0 && image < size);
  }
});

test('permuted neighbours are spread evenly, and each key spreads them otherwise', () => {
  const thousand = new Uint32Array(100);
  const keyed = new Uint32Array(12);
  for (let k = 0; k < 100_000; k++) {
    thousand[Math.floor(permute(k, 1_000_000_000, 1) / 10_000_000)]!++;
    keyed[permute(3, 12, k)]!++;
  }
  assertUniform(thousand);
  assertUniform(keyed);
});

for (const [name, make] of Object.entries({ cpf, cnpj, crm })) {
  test(`no two of a million ids share a ${name}`, () => {
    const seen = new Set<string>();
    for (let id = 1; id <= IDS; id++) seen.add(make(id));
    assert.equal(seen.size, IDS);
  });
}

test('every CPF, CNPJ and CRM that is made has its mask and valid check digits', () => {
  for (let k = 0; k < VALIDATED; k++) {
    for (const id of [k, k * 1_000_003]) {
      assert.match(cpf(id), /^\d{3}\.\d{3}\.\d{3}-\d{2}$/);
      assert.ok(isCpf(cpf(id)), cpf(id));
      assert.match(cnpj(id), /^\d{2}\.\d{3}\.\d{3}\/0001-\d{2}$/);
      assert.ok(isCnpj(cnpj(id)), cnpj(id));
      assert.match(crm(id), /^CRM\/[A-Z]{2} \d{6}$/);
      assert.ok(isCrm(crm(id)), crm(id));
      assert.ok(UFS.includes(ufOfCrm(crm(id))));
    }
  }
});

test('identifiers begin again only where their number space ends', () => {
  assert.equal(cpf(999_999_990), cpf(0));
  assert.notEqual(cpf(999_999_989), cpf(0));
  assert.equal(cnpj(99_999_990), cnpj(0));
  assert.notEqual(cnpj(99_999_989), cnpj(0));
  assert.equal(crm(26_999_973), crm(0));
  assert.notEqual(crm(26_999_972), crm(0));
});

test('numbers of one repeated digit, and no others, are left out', () => {
  for (const width of [2, 3, 4, 5]) {
    const all = Array.from({ length: 10 ** width }, (_, n) => digits(n, width));
    const kept = all.filter((text) => text !== text.charAt(0).repeat(width));
    assert.deepEqual(
      Array.from({ length: 10 ** width - 10 }, (_, index) =>
        digits(unrepeated(index, width), width),
      ),
      kept,
    );
  }
});

test('identifiers that are known to be valid are taken', () => {
  assert.ok(isCpf('123.456.789-09'));
  assert.ok(isCpf('529.982.247-25'));
  assert.ok(isCnpj('12.345.678/0001-95'));
  assert.ok(isCnpj('11.222.333/0001-81'));
  assert.ok(isCrm('CRM/SP 123456'));
});

test('a wrong mask, check digit, state or repeated digit is refused', () => {
  for (const wrong of ['123.456.789-00', '123.456.789-19', '111.111.111-11', '000.000.000-00']) {
    assert.ok(!isCpf(wrong), wrong);
  }
  for (const wrong of ['12345678909', '123.456.789-0', ' 123.456.789-09', '123.456.789-09\n', '']) {
    assert.ok(!isCpf(wrong), wrong);
  }
  for (const wrong of ['12.345.678/0001-96', '12.345.678/0001-85', '00.000.000/0001-00']) {
    assert.ok(!isCnpj(wrong), wrong);
  }
  for (const wrong of ['11.111.111/1111-11', '11.111.111/0001-11', '12345678000195', '']) {
    assert.ok(!isCnpj(wrong), wrong);
  }
  for (const wrong of ['CRM/XX 123456', 'CRM/SP 12345', 'CRM/SP 000000', 'CRM-SP 123456', '']) {
    assert.ok(!isCrm(wrong), wrong);
  }
});
