/** Makes `consultas` anew with two partitions by hash of the id. */
export const PARTITIONED_CONSULTAS = `
  DROP TABLE consultas;
  CREATE TABLE consultas (
    id bigserial PRIMARY KEY,
    paciente_id bigint NOT NULL REFERENCES pacientes ON UPDATE CASCADE ON DELETE RESTRICT,
    medico_id bigint NOT NULL REFERENCES medicos ON UPDATE CASCADE ON DELETE RESTRICT,
    data timestamp NOT NULL, motivo varchar(200) NOT NULL, status varchar(20) NOT NULL,
    created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp NOT NULL DEFAULT now()
  ) PARTITION BY HASH (id);
  CREATE TABLE consultas_p0 PARTITION OF consultas FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE consultas_p1 PARTITION OF consultas FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE TRIGGER consultas_updated_at BEFORE UPDATE ON consultas
    FOR EACH ROW EXECUTE FUNCTION set_updated_at()`;
