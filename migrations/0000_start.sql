CREATE TABLE "checkpoints" (
	"message_id" uuid NOT NULL,
	"start" integer NOT NULL,
	"text" text NOT NULL,
	CONSTRAINT "checkpoints_message_id_start_pk" PRIMARY KEY("message_id","start")
);
--> statement-breakpoint
CREATE TABLE "conversations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"title" text NOT NULL,
	"title_given" boolean NOT NULL,
	"system_prompt" text,
	"model" text,
	"settings" jsonb NOT NULL,
	"archived_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_message_at" timestamp (3) with time zone,
	"active_at" timestamp (3) with time zone GENERATED ALWAYS AS (coalesce(last_message_at, created_at)) STORED NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL,
	"next_position" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "generations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"conversation_id" uuid NOT NULL,
	"model" text NOT NULL,
	"running" boolean DEFAULT true NOT NULL,
	"stop" text,
	"attempt" smallint DEFAULT 1 NOT NULL,
	"asking" boolean DEFAULT true NOT NULL,
	"asked_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease_owner" uuid NOT NULL,
	"lease_until" timestamp (3) with time zone NOT NULL,
	"messages_sent" integer NOT NULL,
	"messages_dropped" integer NOT NULL,
	"prompt_tokens" integer NOT NULL,
	"context_window" integer,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"owner" text NOT NULL,
	"key" text NOT NULL,
	"input_hash" text NOT NULL,
	"conversation_id" uuid NOT NULL,
	"generation_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_owner_key_pk" PRIMARY KEY("owner","key")
);
--> statement-breakpoint
CREATE TABLE "ledger" (
	"generation_id" uuid NOT NULL,
	"attempt" smallint NOT NULL,
	"owner" text NOT NULL,
	"conversation_id" uuid NOT NULL,
	"model" text NOT NULL,
	"outcome" text NOT NULL,
	"error_code" text,
	"request_id" text,
	"prompt_tokens" bigint NOT NULL,
	"cached_tokens" bigint NOT NULL,
	"completion_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"estimated_tokens" bigint NOT NULL,
	"unpriced_tokens" bigint NOT NULL,
	"cost" numeric,
	"prompt_price" numeric,
	"cached_price" numeric,
	"completion_price" numeric,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "ledger_generation_id_attempt_pk" PRIMARY KEY("generation_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"conversation_id" uuid NOT NULL,
	"parent_id" uuid,
	"position" integer NOT NULL,
	"depth" integer NOT NULL,
	"active" boolean NOT NULL,
	"role" text NOT NULL,
	"content" text NOT NULL,
	"tokens" integer NOT NULL,
	"refusal" text,
	"status" text NOT NULL,
	"model" text,
	"finish_reason" text,
	"error" jsonb,
	"generation_id" uuid,
	"choice" smallint DEFAULT 0 NOT NULL,
	"time_to_first_token_ms" integer,
	"version" bigint NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"completed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "usage_by_conversation" (
	"owner" text NOT NULL,
	"conversation_id" uuid NOT NULL,
	"model" text NOT NULL,
	"span" smallint NOT NULL,
	"start" timestamp (3) with time zone NOT NULL,
	"requests" bigint NOT NULL,
	"prompt_tokens" bigint NOT NULL,
	"cached_tokens" bigint NOT NULL,
	"completion_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"estimated_tokens" bigint NOT NULL,
	"unpriced_tokens" bigint NOT NULL,
	"cost" numeric,
	CONSTRAINT "usage_by_conversation_key" PRIMARY KEY("conversation_id","span","start","model")
);
--> statement-breakpoint
CREATE TABLE "usage_by_owner" (
	"owner" text NOT NULL,
	"shard" smallint NOT NULL,
	"model" text NOT NULL,
	"span" smallint NOT NULL,
	"start" timestamp (3) with time zone NOT NULL,
	"requests" bigint NOT NULL,
	"prompt_tokens" bigint NOT NULL,
	"cached_tokens" bigint NOT NULL,
	"completion_tokens" bigint NOT NULL,
	"reasoning_tokens" bigint NOT NULL,
	"estimated_tokens" bigint NOT NULL,
	"unpriced_tokens" bigint NOT NULL,
	"cost" numeric,
	CONSTRAINT "usage_by_owner_key" PRIMARY KEY("owner","span","start","model","shard")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD CONSTRAINT "checkpoints_message_id_messages_id_fk" FOREIGN KEY ("message_id") REFERENCES "public"."messages"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_conversation_id_conversations_id_fk" FOREIGN KEY ("conversation_id") REFERENCES "public"."conversations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conversations_by_activity" ON "conversations" USING btree ("owner","active_at","id");--> statement-breakpoint
CREATE INDEX "conversations_by_creation" ON "conversations" USING btree ("owner","created_at","id");--> statement-breakpoint
CREATE INDEX "conversations_by_title" ON "conversations" USING btree ("owner",lower("title"),"id");--> statement-breakpoint
CREATE INDEX "generations_running" ON "generations" USING btree ("lease_until") WHERE "generations"."running";--> statement-breakpoint
CREATE INDEX "generations_of_conversation" ON "generations" USING btree ("conversation_id") WHERE "generations"."running";--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_conversation" ON "idempotency_keys" USING btree ("conversation_id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "ledger_by_time" ON "ledger" USING btree ("ended_at");--> statement-breakpoint
CREATE INDEX "ledger_by_conversation" ON "ledger" USING btree ("conversation_id");--> statement-breakpoint
CREATE UNIQUE INDEX "messages_by_position" ON "messages" USING btree ("conversation_id","position");--> statement-breakpoint
CREATE INDEX "messages_active_branch" ON "messages" USING btree ("conversation_id","position") WHERE "messages"."active";--> statement-breakpoint
CREATE INDEX "messages_by_parent" ON "messages" USING btree ("conversation_id","parent_id","position");--> statement-breakpoint
CREATE INDEX "messages_by_version" ON "messages" USING btree ("conversation_id","version");--> statement-breakpoint
CREATE INDEX "messages_under_way" ON "messages" USING btree ("conversation_id") WHERE "messages"."status" = 'PENDING';--> statement-breakpoint
CREATE INDEX "messages_by_generation" ON "messages" USING btree ("generation_id") WHERE "messages"."generation_id" is not null;--> statement-breakpoint
CREATE INDEX "usage_by_conversation_of_owner" ON "usage_by_conversation" USING btree ("owner","span","start");