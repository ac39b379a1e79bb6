-- Extensão prontuario: os registros do hospital, com os tipos, chaves e histórias em que um CDC erra.
-- As sete tabelas do esquema base ficam como são. Pode ser executado de novo.

-- Tabela: prontuarios (evoluções). Textos de 0 a 200 kB vão para o TOAST, e os UPDATEs não os tocam.
CREATE TABLE IF NOT EXISTS prontuarios (
  id          BIGSERIAL PRIMARY KEY,
  paciente_id BIGINT NOT NULL REFERENCES pacientes(id)
              ON UPDATE CASCADE ON DELETE RESTRICT,
  medico_id   BIGINT NOT NULL REFERENCES medicos(id)
              ON UPDATE CASCADE ON DELETE RESTRICT,
  aberto_em   TIMESTAMP NOT NULL,
  situacao    VARCHAR(20) NOT NULL CHECK (situacao IN ('aberto','assinado','retificado')),
  assinado_em TIMESTAMP,
  texto       TEXT NOT NULL,
  estrutura   JSONB NOT NULL,
  anexo       BYTEA,
  -- Só o começo do texto: indexar 200 kB a cada linha custaria mais que gravá-la.
  busca       TSVECTOR GENERATED ALWAYS AS (to_tsvector('portuguese', left(texto, 2000))) STORED,
  created_at  TIMESTAMP NOT NULL DEFAULT now(),
  updated_at  TIMESTAMP NOT NULL DEFAULT now(),
  CHECK (assinado_em IS NULL OR assinado_em >= aberto_em)
);
CREATE OR REPLACE TRIGGER prontuarios_updated_at
BEFORE UPDATE ON prontuarios
FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE INDEX IF NOT EXISTS idx_prontuarios_paciente ON prontuarios (paciente_id);
CREATE INDEX IF NOT EXISTS idx_prontuarios_medico ON prontuarios (medico_id);

-- Tabela: sinais_vitais. Chave composta, partições por mês; a sequência numera as medições.
CREATE TABLE IF NOT EXISTS sinais_vitais (
  paciente_id BIGINT NOT NULL REFERENCES pacientes(id)
              ON UPDATE CASCADE ON DELETE RESTRICT,
  medido_em   TIMESTAMPTZ NOT NULL,
  temperatura NUMERIC(4,1),     -- NaN: o sensor falhou
  peso        NUMERIC,          -- com as casas decimais da balança
  glicemia    REAL,             -- Infinity: acima do que o aparelho mede
  lactato     DOUBLE PRECISION, -- -Infinity: abaixo do que o aparelho mede
  desde_ultima INTERVAL,
  observacao  VARCHAR(200),
  created_at  TIMESTAMP NOT NULL DEFAULT now(),
  updated_at  TIMESTAMP NOT NULL DEFAULT now(),
  PRIMARY KEY (paciente_id, medido_em)
) PARTITION BY RANGE (medido_em);
CREATE SEQUENCE IF NOT EXISTS sinais_vitais_numero;
CREATE TABLE IF NOT EXISTS sinais_vitais_outros PARTITION OF sinais_vitais DEFAULT;
DO $$
DECLARE mes TIMESTAMP; nome TEXT;
BEGIN
  -- Da janela de dois anos do histórico até o ano que vem.
  FOR mes IN SELECT generate_series(date_trunc('month', now() AT TIME ZONE 'UTC') - INTERVAL '24 months',
                                    date_trunc('month', now() AT TIME ZONE 'UTC') + INTERVAL '12 months',
                                    INTERVAL '1 month')
  LOOP
    nome := 'sinais_vitais_' || to_char(mes, 'YYYY_MM');
    CONTINUE WHEN to_regclass(nome) IS NOT NULL;
    BEGIN
      EXECUTE format('CREATE TABLE %I PARTITION OF sinais_vitais FOR VALUES FROM (%L) TO (%L)',
                     nome, to_char(mes, 'YYYY-MM-DD') || ' 00:00:00+00',
                     to_char(mes + INTERVAL '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
    EXCEPTION WHEN check_violation THEN
      -- A partição DEFAULT já tem linhas desse mês: ficam nela.
      NULL;
    END;
  END LOOP;
END $$;
CREATE OR REPLACE TRIGGER sinais_vitais_updated_at
BEFORE UPDATE ON sinais_vitais
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

-- Tabela: prescricoes. Chave uuid, enum, vetores, intervalos de datas, endereços.
DO $$ BEGIN
  CREATE TYPE via_administracao AS ENUM
    ('oral', 'intravenosa', 'intramuscular', 'subcutânea', 'tópica');
EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE IF NOT EXISTS prescricoes (
  codigo      UUID PRIMARY KEY,
  paciente_id BIGINT NOT NULL REFERENCES pacientes(id)
              ON UPDATE CASCADE ON DELETE RESTRICT,
  medico_id   BIGINT NOT NULL REFERENCES medicos(id)
              ON UPDATE CASCADE ON DELETE RESTRICT,
  medicamento VARCHAR(120) NOT NULL,
  via         via_administracao NOT NULL,
  classe      CHAR(4) NOT NULL,
  controlado  BOOLEAN,
  estacao     INET,
  em_uso      BOOLEAN NOT NULL,
  vigencia    DATERANGE NOT NULL,
  alertas     TEXT[],
  created_at  TIMESTAMP NOT NULL DEFAULT now(),
  updated_at  TIMESTAMP NOT NULL DEFAULT now(),
  CHECK (NOT isempty(vigencia))
);
CREATE SEQUENCE IF NOT EXISTS prescricoes_numero;
CREATE OR REPLACE TRIGGER prescricoes_updated_at
BEFORE UPDATE ON prescricoes
FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE INDEX IF NOT EXISTS idx_prescricoes_paciente ON prescricoes (paciente_id);

-- Tabela: auditoria. Sem chave: linhas iguais são linhas diferentes, e só a linha inteira as identifica.
CREATE TABLE IF NOT EXISTS auditoria (
  dia         DATE NOT NULL,
  usuario     VARCHAR(40) NOT NULL,
  acao        VARCHAR(40) NOT NULL,
  objeto      VARCHAR(60),
  revisada    BOOLEAN NOT NULL
);
ALTER TABLE auditoria REPLICA IDENTITY FULL;
CREATE SEQUENCE IF NOT EXISTS auditoria_numero;
CREATE INDEX IF NOT EXISTS idx_auditoria_dia ON auditoria (dia, usuario);

-- Tabela: faturamento."Itens da Conta". Outro esquema, nomes com maiúsculas, espaços e acentos; uma
-- recodificação muda a chave natural, e os componentes de um kit a acompanham (ON UPDATE CASCADE).
CREATE SCHEMA IF NOT EXISTS faturamento;
CREATE TABLE IF NOT EXISTS faturamento."Itens da Conta" (
  "Código"         VARCHAR(24) PRIMARY KEY,
  "Item Principal" VARCHAR(24) REFERENCES faturamento."Itens da Conta" ("Código")
                   ON UPDATE CASCADE ON DELETE RESTRICT,
  "Paciente"       BIGINT NOT NULL REFERENCES pacientes(id)
                   ON UPDATE CASCADE ON DELETE RESTRICT,
  "Descrição"      TEXT NOT NULL,
  "Quantidade"     INTEGER NOT NULL CHECK ("Quantidade" > 0),
  "Competência"    DATE NOT NULL,      -- infinity: recorrente; antes de Cristo, ano 9999: digitação
  "Valor"          NUMERIC(12,2) NOT NULL,
  "Vencimento"     TIMESTAMP,
  "Glosa"          TEXT,               -- vazia: sem motivo informado; NULL: não houve
  created_at       TIMESTAMP NOT NULL DEFAULT now(),
  updated_at       TIMESTAMP NOT NULL DEFAULT now()
);
CREATE SEQUENCE IF NOT EXISTS faturamento."Itens da Conta_número";
CREATE OR REPLACE TRIGGER "Itens da Conta_updated_at"
BEFORE UPDATE ON faturamento."Itens da Conta"
FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE INDEX IF NOT EXISTS "idx_Itens da Conta_Principal"
  ON faturamento."Itens da Conta" ("Item Principal");
CREATE INDEX IF NOT EXISTS "idx_Itens da Conta_Paciente"
  ON faturamento."Itens da Conta" ("Paciente");
