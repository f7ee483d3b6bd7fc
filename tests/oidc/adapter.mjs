// Where the provider keeps what it gave out: in memory, and open to the tests.

const models = new Map();

/** The records of a model, by id. */
export function records(model) {
  if (!models.has(model)) models.set(model, new Map());
  return models.get(model);
}

/** One model's storage, as oidc-provider asks for it. Ends are judged by the provider itself. */
export class Memory {
  constructor(model) {
    this.records = records(model);
  }

  async upsert(id, payload) {
    this.records.set(id, { ...payload });
  }

  async find(id) {
    return this.records.get(id);
  }

  async findByUid(uid) {
    return [...this.records.values()].find((record) => record.uid === uid);
  }

  async findByUserCode(code) {
    return [...this.records.values()].find((record) => record.userCode === code);
  }

  async consume(id) {
    const record = this.records.get(id);
    if (record) record.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    this.records.delete(id);
  }

  async revokeByGrantId(grant) {
    for (const [id, record] of this.records) if (record.grantId === grant) this.records.delete(id);
  }
}
