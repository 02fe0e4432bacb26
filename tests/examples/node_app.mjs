// An application in another language: it knows nothing of the mock, only its environment.

const ask = async (content) => {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${process.env.OPENAI_API_KEY}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content }] }),
  });
  if (response.status === 429) {
    const milliseconds = Number(response.headers.get("retry-after-ms"));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return ask(content);
  }
  return (await response.json()).choices[0].message.content;
};

console.log(await ask(process.argv[2]));
